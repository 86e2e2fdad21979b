// What can be done with a task; errors appear at the task.
import { fileName } from "../lib/format.js";
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
      app.say(t("task.cancelled", { id: task.task_id }));
    });

  app.retryTask = (task) =>
    attempt(task.task_id, async () => {
      const entry = await api.post(`${path(task.task_id)}/retry`);
      feed.apply({ ...task, ...entry });
    });

  app.deleteTask = (task) => {
    if (player.state.id === `task:${task.task_id}`) player.stop();
    if (app.store.state.drawer?.id === task.task_id) app.store.set({ drawer: null });
    const restore = app.hideEverywhere("tasks", task.task_id);
    app.undo.put({
      label: t("task.deleted", { id: task.task_id }),
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

  /** Take a task's settings into the composer. */
  app.useTask = (task, draft) => {
    app.composer.set(draft);
    app.store.set({ drawer: null });
    location.hash = "#/studio";
    document.getElementById("c-text")?.focus();
  };
}

export function nameOf(app, task) {
  return app.library.voice(task.model_id)?.model_name ?? task.model_id ?? "";
}

/** Hand bytes to the browser's downloads. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
