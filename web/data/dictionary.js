// How words are pronounced: the dictionary of all voices, or of one, while it is edited.
import { t } from "../lib/i18n.js";

/** Languages of entries, each with the code of a text that is in it alone. */
export const SPOKEN_AS = { zh: "all_zh", en: "en", ja: "all_ja", ko: "all_ko", yue: "all_yue" };
export const LONGEST_WORD = 64;
export const LONGEST_PRONUNCIATION = 1000;

const FIELDS = ["language", "word", "pronunciation"];
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ESCAPES[sign]);

/** SSML that says one word with one pronunciation, as an entry would have it said. */
export function spokenEntry({ word, pronunciation }) {
  return `<speak><phoneme alphabet="x-gpt-sovits" ph="${escaped(pronunciation.trim())}">${escaped(word.trim())}</phoneme></speak>`;
}

/** Rows that say something; one that was added and left empty is nobody's mistake. */
export const filledRows = (rows) => rows.filter((row) => row.word.trim() || row.pronunciation.trim());

/** What the service found wrong, by the key of the row: {key: {field: words}}; `others` is what has no row. */
export function problemsByRow(problems, rows) {
  const found = {};
  const others = [];
  for (const { field, message } of problems) {
    const [, number, name] = /^entries\.(\d+)\.(\w+)$/.exec(field) ?? [];
    const row = rows[number];
    if (row && FIELDS.includes(name)) found[row.key] = { ...found[row.key], [name]: message };
    else others.push(message);
  }
  return { found, others };
}

const told = (rows) => JSON.stringify(filledRows(rows).map(({ language, word, pronunciation }) => [language, word, pronunciation]));

export function addDictionary(app) {
  const { store, api } = app;
  let audio = null;
  let asked = null; // the request of what is being listened to
  let number = 0;

  const patch = (fields) => store.set(({ dictionary }) => (dictionary ? { dictionary: { ...dictionary, ...fields } } : {}));
  const now = () => store.state.dictionary;
  const path = (voice) => (voice ? `voice-models/${encodeURIComponent(voice.model_id)}/dictionary` : "dictionary");
  const rowsOf = (entries) => entries.map((entry) => ({ ...entry, key: (number += 1) }));

  function shown({ entries, revision }) {
    const rows = rowsOf(entries);
    patch({ rows, revision, before: told(rows), loading: false, loadError: null, error: null, problems: {} });
  }

  /** @param {object | null} voice whose; null is the one of all voices */
  app.openDictionary = (voice = null) => {
    store.set({
      dictionary: { voice, speaker: app.composer.state.draft.voice, rows: [], revision: "", before: "[]", search: "", loading: true, loadError: null, busy: false, saved: false, asking: false, error: null, problems: {}, heard: null },
    });
    app.loadDictionary();
  };

  /** Whose voice says an entry: the chosen one, else any; none while the voices are not known yet. */
  app.dictionarySpeaker = () => {
    const { voice, speaker } = now();
    const { voices } = app.library;
    return voice?.model_id ?? (voices.find((one) => one.model_id === speaker) ?? voices[0])?.model_id ?? "";
  };

  app.loadDictionary = async () => {
    const { voice } = now();
    patch({ loading: true, loadError: null, error: null });
    try {
      const found = await api.get(path(voice));
      if (now()?.voice === voice) shown(found);
    } catch (error) {
      if (now()?.voice === voice) patch({ loading: false, loadError: error });
    }
  };

  app.dictionaryChanged = () => Boolean(now() && told(now().rows) !== now().before);

  /** Close, but ask before changes are lost. */
  app.leaveDictionary = () => {
    if (!app.dictionaryChanged()) return app.closeDictionary();
    const { asking } = now();
    patch({ asking: !asking });
    store.flush();
    document.querySelector(asking ? ".dictionary .modal-body" : ".dictionary .ask button")?.focus();
    return undefined;
  };

  app.closeDictionary = () => {
    silence();
    app.closed({ dictionary: null });
  };

  app.patchDictionary = patch;

  app.addEntry = () => {
    const [first] = now().rows;
    const row = { key: (number += 1), language: first?.language ?? "zh", word: "", pronunciation: "" };
    patch({ rows: [row, ...now().rows], search: "", saved: false });
    store.flush();
    document.getElementById(`d-word-${row.key}`)?.focus();
  };

  app.editEntry = (key, fields) => {
    const { rows, problems } = now();
    const { [key]: _, ...others } = problems;
    patch({ rows: rows.map((row) => (row.key === key ? { ...row, ...fields } : row)), problems: others, error: null, saved: false });
  };

  app.removeEntry = (key) => {
    const { rows } = now();
    const place = rows.findIndex((row) => row.key === key);
    const left = rows.filter((row) => row.key !== key);
    patch({ rows: left, error: null, saved: false });
    store.flush();
    const next = left[Math.min(place, left.length - 1)];
    document.getElementById(next ? `d-word-${next.key}` : "d-add")?.focus();
  };

  app.saveDictionary = async () => {
    const { voice, rows, revision, busy } = now();
    if (busy) return;
    const sent = filledRows(rows);
    patch({ busy: true, error: null, problems: {}, saved: false });
    try {
      const entries = sent.map(({ language, word, pronunciation }) => ({ language, word, pronunciation }));
      const kept = await api.put(path(voice), { entries, revision });
      if (now()?.voice !== voice) return;
      shown(kept);
      patch({ busy: false, saved: true });
    } catch (error) {
      if (now()?.voice !== voice) return;
      const { found, others } = problemsByRow(error.problems ?? [], sent);
      patch({ busy: false, problems: found, error: others.length ? { ...error, message: others.join(" ") } : error, search: "" });
      store.flush();
      document.querySelector(".dictionary [aria-invalid=true]")?.focus();
    }
  };

  // --- listening ---

  function silence() {
    asked?.abort();
    asked = null;
    audio?.pause();
    if (audio) URL.revokeObjectURL(audio.src);
    audio = null;
  }

  app.hearEntry = async (row) => {
    const again = now().heard?.key === row.key && now().heard.playing;
    silence();
    if (again) return patch({ heard: null });
    const mine = (asked = new AbortController());
    const say = (fields) => asked === mine && patch({ heard: { key: row.key, playing: false, error: null, ...fields } });
    app.player.pause();
    patch({ heard: { key: row.key, playing: true, error: null } });
    try {
      const json = { text: spokenEntry(row), text_language: SPOKEN_AS[row.language], reading: "natural", model_id: app.dictionarySpeaker(), user_id: app.settings.values.user || "admin" };
      const blob = await api.blob(api.url("synthesize"), { method: "POST", json, signal: mine.signal });
      if (asked !== mine) return undefined;
      audio = new Audio(URL.createObjectURL(blob));
      audio.addEventListener("ended", () => say({}));
      audio.addEventListener("error", () => say({ error: { message: t("error.play") } }));
      await audio.play();
    } catch (error) {
      if (!mine.signal.aborted) say({ error: error.message ? error : { message: t("error.play") } });
    }
    return undefined;
  };
}
