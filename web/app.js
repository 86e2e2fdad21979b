// Everything wired together; views get this object and nothing else.
import { ApiError, createApi } from "./lib/api.js";
import { createDrafts } from "./lib/drafts.js";
import { currentLanguage, errorWords, t } from "./lib/i18n.js";
import { focusItem, focusSoon } from "./lib/focus.js";
import { createStore } from "./lib/store.js";
import { createComposer } from "./data/composer.js";
import { createInstall } from "./data/install.js";
import { createLibrary, loadingOf, pairOf } from "./data/library.js";
import { createLive } from "./data/live.js";
import { createLabels } from "./data/labels.js";
import { createListening } from "./data/listening.js";
import { createMedia } from "./data/media.js";
import { createNewTraining } from "./data/new-training.js";
import { createOffers, tabName } from "./data/offers.js";
import { createPlayer } from "./data/player.js";
import { samplerOf, versionOf } from "./data/sampler.js";
import { createSettings } from "./data/settings.js";
import { shortened } from "./data/task-actions.js";
import { TaskFeed } from "./data/tasks.js";
import { createTraining } from "./data/training.js";
import { createUndo } from "./data/undo.js";

const POSITIONS_EVERY = 1500;
const QUEUE_EVERY = 2000;

export function createApp() {
  const base = new URL(".", location.href);
  const storage = storageOf("localStorage");
  const tabStorage = storageOf("sessionStorage");
  const drafts = createDrafts(storage);
  const tabDrafts = createDrafts(tabStorage);
  const offers = createOffers({ storage, tab: tabName(tabStorage) });
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
    dictionary: null,
    dialog: null,
    rowErrors: new Map(),
  });
  const touch = () => store.touch();
  const app = { store, drafts, tabDrafts, offers, t, base };

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
    words: { network: () => t("error.network"), status: (status) => t("error.status", { status }), told: errorWords, language: currentLanguage },
    onRefused: () => store.set({ refused: true }),
  });
  app.media = createMedia({ api: app.api, key: () => app.settings.values.key, onChange: touch });
  app.player = createPlayer({
    media: app.media,
    onChange: touch,
    onError: (id, error) => app.rowError(id, error ?? new ApiError(t("error.play"))),
  });
  app.undo = createUndo({ onChange: touch });
  addUndo(app);
  app.library = createLibrary({ api: app.api, onChange: touch });
  app.install = createInstall({ api: app.api, onChange: touch });
  keepOldDraft(drafts, storage);
  const sampler = (id) => {
    const { library, store } = app;
    return samplerOf(versionOf({ voice: library.voice(id), weights: library.state.weights, health: store.state.health }));
  };
  app.composer = createComposer({ api: app.api, drafts, tabDrafts, offers, settings: app.settings, onChange: touch, sampler });
  app.feed = new TaskFeed({ fetchPage: (filter, page, size) => fetchTasks(app.api, filter, page, size), onChange: touch });
  app.feed.filter = { user: "", status: "", search: "", ...tabDrafts.read("task-filter", {}) };
  app.range = { from: 0, to: 20 };
  addTraining(app);
  addMessages(app);
  addLoading(app);
  addLive(app);
  return app;
}

function addTraining(app) {
  const { api, settings, store } = app;
  const onChange = () => store.touch();
  app.training = createTraining({ api, onChange, isWatched: () => store.state.route.view === "training" });
  app.labels = createLabels({ api, onChange, onConflict: () => app.toast(app.t("training.labels.changed"), "bad") });
  app.listening = createListening({ api, player: app.player, onChange });
  app.newTraining = createNewTraining({ api, settings, training: app.training, onChange, onStarted: (name) => (location.hash = `#/training/${encodeURIComponent(name)}`) });
}

/** Before drafts belonged to tabs there was one for all: it is offered like that of another tab. */
function keepOldDraft(drafts, storage) {
  const old = drafts.read("composer", null);
  if (!old) return;
  createOffers({ storage, tab: "before" }).keep(String(old.text ?? ""));
  drafts.write("composer", undefined);
}

/** Storage may be forbidden; then what would be kept there lives in memory. */
function storageOf(name) {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}

/** One page of tasks; many ids travel in a body, because an address has an end. */
export async function fetchTasks(api, { user, ids = [], status, search }, page, size) {
  const common = { page, page_size: size, ...(status ? { status } : {}), ...(user ? { user_id: user } : {}), ...(search ? { search } : {}) };
  if (ids.length) return api.post("voice-tasks/query", { ...common, task_ids: ids });
  return api.get("voice-tasks", common);
}

function addUndo(app) {
  /**
   * Put something off that can be taken back, and put the keyboard on "Undo", from where it goes on to what is next.
   * @param {object} deed as of undo.put, with `key` of the item that goes, `next` of its neighbour, `keepFocus` where
   *   the keyboard has a better place
   */
  app.putUndo = (deed) => {
    const id = app.undo.put({
      ...deed,
      commit: async (leaving) => {
        if (!leaving && document.activeElement?.closest(`[data-undo="${id}"]`)) focusItem(deed.next);
        await deed.commit(leaving);
      },
    });
    if (!deed.keepFocus) focusSoon(`[data-undo="${id}"] button`);
  };
  app.takeBack = (id) => {
    const deed = id === undefined ? app.undo.takeLast() : app.undo.take(id);
    if (!deed) return false;
    app.say(app.t("undone"));
    if (deed.key) focusSoon(`[data-key="${CSS.escape(deed.key)}"] :is(button, a)`, { tries: 10 });
    return true;
  };
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
    watchQueue(health);
  };
  const quietly = (promise) => promise.catch(() => {});
  // The service counts its queue now and then: what it said right after the last event may be old.
  let queueTimer = 0;
  function watchQueue({ queue_depth: waiting = 0 }) {
    clearTimeout(queueTimer);
    if (waiting > 0) queueTimer = setTimeout(() => (document.hidden ? watchQueue({ queue_depth: waiting }) : quietly(app.loadHealth())), QUEUE_EVERY);
  }
  app.reloadAll = async () => {
    await Promise.all([
      quietly(app.loadHealth()),
      quietly(library.loadVoices()),
      quietly(library.loadWeights()),
      app.install.load(),
      quietly(feed.refresh(app.range.from, app.range.to)),
    ]);
  };
  let polls = 0;
  app.poll = async () => {
    await app.loadHealth();
    polls += 1;
    await quietly(feed.refresh(app.range.from, app.range.to));
    if (store.state.drawer) quietly(app.refreshDrawer?.() ?? Promise.resolve());
    if (app.install.state.download?.state === "running") await app.install.load();
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
    await Promise.all([library.loadWeights().catch(() => {}), app.install.load()]);
    const after = pairOf(library.state.weights);
    // Another tab or program has switched: whoever writes here should know in whose voice.
    if (before && after && before !== after && !library.state.switching) {
      const [gpt, sovits] = after.split("\n").map((path) => path.split("/").pop());
      app.toast(app.t("weights.changed", { gpt, sovits }));
    }
  }, 150);
  const trainingSoon = soon(() => store.state.route.view === "training" && app.training.reload(), 400);
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
      if (entry.status && before && before !== entry.status) app.say(app.t(`say.${entry.status}`, { text: shortened(feed.byId.get(entry.task_id)?.text ?? entry.task_id) }));
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
    else if (name === "training") trainingSoon();
    else if (name === "resources") app.install.note(data.download);
    else if (name === "resync") app.reloadAll();
  }

  app.live = createLive({
    api: app.api,
    poll: app.poll,
    onEvent,
    onState: (connection) => store.set({ connection }),
    // What happened while nobody listened, also between the first answers and the stream, is read, not guessed.
    onConnected: () => app.reloadAll(),
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
    if (app.offers.concerns(event.key) || event.key === null) app.composer.lookForOffer();
  });
  window.addEventListener("pagehide", () => {
    app.drafts.flush();
    app.tabDrafts.flush();
    app.undo.commitAll();
  });
  app.language = currentLanguage;
}
