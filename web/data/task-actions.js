// What can be done with a task; errors appear at the task.
import { fileName } from "../lib/format.js";
import { focusSoon, neighbourOf } from "../lib/focus.js";
import { t } from "../lib/i18n.js";

export const FORMATS = ["wav", "mp3", "flac", "ogg", "aac"];

export function isCancelled(task) {
  return task.status === "error" && /^cancel/i.test(task.error ?? "");
}

export function addTaskActions(app) {
  const { api, feed, player } = app;
  const path = (id) => `voice-tasks/${encodeURIComponent(id)}`;

  const attempt = async (id, work) => {
    app.rowError(id, null);
    try {
      return await work();
    } catch (error) {
      app.rowError(id, error);
      return null;
    }
  };

  app.playTask = (task, at) => {
    const sound = { id: `task:${task.task_id}`, address: task.result_url, title: task.text, subtitle: nameOf(app, task), seconds: task.audio_seconds };
    if (at === undefined) player.toggle(sound);
    else player.play({ ...sound, at });
  };

  app.cancelTask = (task) =>
    attempt(task.task_id, async () => {
      feed.apply(await api.post(`${path(task.task_id)}/cancel`));
      app.say(t("task.cancelled"));
    });

  app.retryTask = (task) =>
    attempt(task.task_id, async () => {
      const entry = await api.post(`${path(task.task_id)}/retry`);
      feed.apply({ ...task, ...entry });
    });

  app.deleteTask = (task) => {
    if (player.state.id === `task:${task.task_id}`) player.stop();
    const key = `task:${task.task_id}`;
    const next = neighbourOf(key);
    if (app.store.state.drawer?.id === task.task_id) app.store.set({ drawer: null });
    const restore = app.hideEverywhere("tasks", task.task_id);
    app.putUndo({
      key,
      next,
      label: t("task.deleted", { text: shortened(task.text) }),
      restore,
      commit: async (leaving) => {
        await api.remove(path(task.task_id), { keepalive: leaving });
        feed.remove(task.task_id);
        feed.hidden.delete(task.task_id);
      },
      failed: (error) => app.rowError(task.task_id, error),
    });
  };

  app.downloadTask = (task, format) =>
    attempt(task.task_id, async () => {
      const address =
        format === "srt" || format === "vtt"
          ? `${path(task.task_id)}/subtitles.${format}`
          : format === "wav"
            ? task.result_url
            : `${path(task.task_id)}/audio?format=${format}`;
      save(await api.blob(address), fileName(task.text, format));
    });

  /** Take a task's settings into the composer; what was written there can be brought back. */
  app.useTask = (task, draft) => {
    const before = { ...app.composer.state.draft };
    app.composer.set({ ...draft, taskId: "" });
    app.closed({ drawer: null });
    location.hash = "#/studio";
    if (before.text.trim() && before.text !== draft.text) {
      app.putUndo({ label: t("compose.replaced"), restore: () => app.composer.set(before), commit: async () => {}, failed() {}, keepFocus: true });
    }
    focusSoon("#c-text");
  };

  /** Go to a task in the list, also where a filter hides it. */
  app.showTask = async (id) => {
    location.hash = "#/studio";
    if (!feed.order.includes(id)) {
      app.clearFilter();
      await feed.load(1);
    }
    const at = feed.order.indexOf(id);
    const list = document.querySelector(".task-rows");
    if (at < 0 || !list) return;
    list.bring(at);
    focusSoon(`[data-key="task:${CSS.escape(id)}"] .task-text`);
  };

  app.clearFilter = () => {
    const none = { user: "", status: "", search: "" };
    app.tabDrafts.write("task-filter", none);
    for (const input of document.querySelectorAll("#filter-user, #task-search")) input.value = "";
    feed.setFilter(none);
  };
}

export function nameOf(app, task) {
  return app.library.voice(task.model_id)?.model_name ?? (task.model_name || task.model_id || "");
}

/** The beginning of a text, for messages that name it. */
export function shortened(text, most = 40) {
  const letters = [...text.replace(/\s+/g, " ").trim()];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

/** Hand bytes to the browser's downloads. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
