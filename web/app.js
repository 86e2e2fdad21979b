// Everything wired together; views get this object and nothing else.
import { ApiError, createApi } from "./lib/api.js";
import { createDrafts } from "./lib/drafts.js";
import { currentLanguage, t } from "./lib/i18n.js";
import { createStore } from "./lib/store.js";
import { createComposer } from "./data/composer.js";
import { createLibrary, loadingOf, pairOf } from "./data/library.js";
import { createLive } from "./data/live.js";
import { createMedia } from "./data/media.js";
import { createPlayer } from "./data/player.js";
import { createSettings } from "./data/settings.js";
import { TaskFeed } from "./data/tasks.js";
import { createUndo } from "./data/undo.js";

const POSITIONS_EVERY = 1500;

export function createApp() {
  const base = new URL(".", location.href);
  let storage;
  try {
    storage = window.localStorage;
  } catch {
    storage = undefined;
  }
  const drafts = createDrafts(storage);
  const store = createStore({
    route: { view: "studio", id: "" },
    connection: "connecting",
    health: null,
    ready: null,
    refused: false,
    toasts: [],
    said: "",
    drawer: null,
    editor: null,
    dialog: null,
    rowErrors: new Map(),
  });
  const touch = () => store.touch();
  const app = { store, drafts, t, base };

  app.settings = createSettings({
    drafts,
    onChange(patch) {
      if ("key" in patch) {
        store.set({ refused: false });
        app.live?.reconnect();
        app.reloadAll();
      }
      touch();
    },
  });
  app.api = createApi({
    base,
    key: () => app.settings.values.key,
    words: { network: () => t("error.network"), status: (status) => t("error.status", { status }) },
    onRefused: () => store.set({ refused: true }),
  });
  app.media = createMedia({ api: app.api, key: () => app.settings.values.key, onChange: touch });
  app.player = createPlayer({
    media: app.media,
    onChange: touch,
    onError: (id, error) => app.rowError(id, error ?? new ApiError(t("error.play"))),
  });
  app.undo = createUndo({ onChange: touch });
  app.library = createLibrary({ api: app.api, onChange: touch });
  app.composer = createComposer({ api: app.api, drafts, settings: app.settings, onChange: touch });
  app.feed = new TaskFeed({ fetchPage: (filter, page, size) => fetchTasks(app.api, filter, page, size), onChange: touch });
  app.feed.filter = { user: "", ids: [], status: "", ...drafts.read("task-filter", {}) };
  app.range = { from: 0, to: 20 };
  addMessages(app);
  addLoading(app);
  addLive(app);
  return app;
}

/** One page of tasks; many ids travel in a body, because an address has an end. */
export async function fetchTasks(api, { user, ids, status }, page, size) {
  const common = { page, page_size: size, ...(status ? { status } : {}), ...(user ? { user_id: user } : {}) };
  if (ids.length) return api.post("voice-tasks/query", { ...common, task_ids: ids });
  return api.get("voice-tasks", common);
}

function addMessages(app) {
  const { store } = app;
  let number = 0;
  /** A short message that goes by itself; errors that belong to a place are shown there instead. */
  app.toast = (text, tone = "plain") => {
    const id = (number += 1);
    store.set((state) => ({ toasts: [...state.toasts, { id, text, tone }].slice(-4), said: text }));
    setTimeout(() => app.dropToast(id), tone === "bad" ? 9000 : 4500);
  };
  app.dropToast = (id) => store.set((state) => ({ toasts: state.toasts.filter((one) => one.id !== id) }));
  /** A dialog goes at once: the key that is pressed next is meant for the page behind it. */
  app.closed = (fields) => {
    store.set(fields);
    store.flush();
  };
  app.say = (text) => store.set({ said: text });
  app.rowError = (id, error) => {
    const rowErrors = new Map(store.state.rowErrors);
    if (error) rowErrors.set(id, error);
    else rowErrors.delete(id);
    store.set({ rowErrors });
    if (error) app.say(error.message);
  };
}

function addLoading(app) {
  const { store, api, library, feed } = app;
  app.loadHealth = async () => {
    const response = await api.raw(api.url("healthz"), { headers: api.headers(), cache: "no-store" }).catch(() => null);
    if (!response?.ok) throw new ApiError(app.t("error.network"), { kind: "network" });
    const health = await response.json();
    const ready = await api.raw(api.url("readyz"), { headers: api.headers(), cache: "no-store" }).catch(() => null);
    const why = await ready?.json().catch(() => null);
    store.set({ health, ready: { ok: Boolean(ready?.ok), detail: detailOf(why) } });
  };
  const quietly = (promise) => promise.catch(() => {});
  app.reloadAll = async () => {
    await Promise.all([
      quietly(app.loadHealth()),
      quietly(library.loadVoices()),
      quietly(library.loadWeights()),
      quietly(feed.refresh(app.range.from, app.range.to)),
    ]);
  };
  let polls = 0;
  app.poll = async () => {
    await app.loadHealth();
    polls += 1;
    await quietly(feed.refresh(app.range.from, app.range.to));
    if (store.state.drawer) quietly(app.refreshDrawer?.() ?? Promise.resolve());
    const busy = loadingOf(library.state, store.state.health);
    if (busy) await quietly(library.loadWeights());
    else if (polls % 5 === 0) await Promise.all([quietly(library.loadVoices()), quietly(library.loadWeights())]);
  };
}

function detailOf(body) {
  const data = body?.data ?? body ?? {};
  return (data.obstacles ?? []).join(" ") || body?.message || "";
}

function addLive(app) {
  const { store, feed, library } = app;
  const soon = (callback, ms) => {
    let timer = 0;
    return () => {
      if (timer) return;
      timer = setTimeout(() => {
        timer = 0;
        callback();
      }, ms);
    };
  };
  const voicesSoon = soon(() => library.loadVoices().catch(() => {}), 150);
  const weightsSoon = soon(async () => {
    const before = pairOf(library.state.weights);
    await library.loadWeights().catch(() => {});
    const after = pairOf(library.state.weights);
    // Another tab or program has switched: whoever writes here should know in whose voice.
    if (before && after && before !== after && !library.state.switching) {
      const [gpt, sovits] = after.split("\n").map((path) => path.split("/").pop());
      app.toast(app.t("weights.changed", { gpt, sovits }));
    }
  }, 150);
  const healthSoon = soon(() => app.loadHealth().catch(() => {}), 250);
  // Places in the queue move when others end; only those on the screen matter.
  const positionsSoon = soon(async () => {
    const waiting = [];
    for (let i = app.range.from; i < app.range.to; i += 1) {
      if (feed.at(i)?.status === "wait") waiting.push(feed.at(i).task_id);
    }
    if (!waiting.length) return;
    const answer = await fetchTasks(app.api, { ids: waiting.slice(0, 100), user: "", status: "" }, 1, 100).catch(() => null);
    for (const entry of answer?.data ?? []) feed.forecast(entry);
  }, POSITIONS_EVERY);

  function onTask(entry) {
    if (entry.removed) {
      feed.remove(entry.task_id);
    } else {
      const before = feed.byId.get(entry.task_id)?.status;
      feed.apply(entry);
      if (entry.status && before && before !== entry.status) app.say(app.t(`say.${entry.status}`, { id: entry.task_id }));
      if (before !== entry.status) healthSoon();
    }
    positionsSoon();
    app.onTaskEvent?.(entry.task_id);
  }

  function onEvent(name, data) {
    if (name === "task") onTask(data);
    else if (name === "progress") feed.note(data);
    else if (name === "voice" || name === "category") voicesSoon();
    else if (name === "weights") {
      weightsSoon();
      healthSoon();
    } else if (name === "engine") {
      healthSoon();
      weightsSoon();
    } else if (name === "loading") {
      library.noteLoading(data.loading);
      if (!data.loading) weightsSoon();
    }
    else if (name === "resync") app.reloadAll();
  }

  let everConnected = false;
  app.live = createLive({
    api: app.api,
    poll: app.poll,
    onEvent,
    onState: (connection) => store.set({ connection }),
    onConnected() {
      // What happened while nobody listened is read, not guessed.
      if (everConnected) app.reloadAll();
      everConnected = true;
    },
    onMessage(message) {
      if (message.kind === "hide") elsewhere.set(message.id, listOf(message).hide(message.id));
      if (message.kind === "show") elsewhere.get(message.id)?.();
      if (message.kind !== "hide") elsewhere.delete(message.id);
    },
  });
  // What is being deleted in another tab, with the way back.
  const elsewhere = new Map();
  const listOf = ({ list }) => (list === "voices" ? library : feed);

  /** Hide here and in the other tabs. @returns {() => void} brings it back everywhere */
  app.hideEverywhere = (list, id) => {
    const restore = listOf({ list }).hide(id);
    app.live.tell({ kind: "hide", list, id });
    return () => {
      restore();
      app.live.tell({ kind: "show", list, id });
    };
  };
  window.addEventListener("storage", (event) => {
    const name = app.drafts.forget(event.key);
    if (name === "settings") app.settings.reload();
    if (name === "composer") app.composer.reload();
  });
  window.addEventListener("pagehide", () => {
    app.drafts.flush();
    app.undo.commitAll();
  });
  app.language = currentLanguage;
}
