// What is being written, its preview and its submission.
import { guess } from "../lib/language.js";

export const DEFAULTS = {
  text: "",
  voice: "",
  language: "auto-guess",
  cut: "cut1",
  speed: 1,
  topK: 5,
  topP: 1,
  temperature: 1,
  repetition: 1.35,
  seed: "",
  refFree: false,
  taskId: "",
  advanced: false,
  preview: false,
};

export function createComposer({ api, drafts, settings, onChange }) {
  const state = {
    draft: { ...DEFAULTS, ...drafts.read("composer", {}) },
    busy: false,
    error: null,
    preview: null, // {segments, key} or {error, key}
  };
  let timer = 0;
  let asked = 0;

  function language() {
    const { language: chosen, text } = state.draft;
    return chosen === "auto-guess" ? (guess(text) ?? "zh") : chosen;
  }

  function previewKey() {
    const { text, cut, speed } = state.draft;
    return JSON.stringify([text, language(), cut, speed]);
  }

  function set(patch) {
    state.draft = { ...state.draft, ...patch };
    drafts.write("composer", state.draft);
    if (state.error && ("text" in patch || "voice" in patch || state.error.kind === "parameter")) state.error = null;
    if (state.draft.preview) schedulePreview();
    onChange();
  }

  function schedulePreview(delay = 350) {
    clearTimeout(timer);
    timer = setTimeout(loadPreview, delay);
  }

  async function loadPreview() {
    const key = previewKey();
    if (!state.draft.text.trim()) {
      state.preview = null;
      onChange();
      return;
    }
    if (state.preview?.key === key && !state.preview.error) return;
    const mine = (asked += 1);
    try {
      const answer = await api.post("text/preview", {
        text: state.draft.text,
        language: language(),
        how_to_cut: state.draft.cut,
        speed: Number(state.draft.speed),
      });
      if (mine === asked) state.preview = { key, segments: answer.segments, seconds: answer.seconds };
    } catch (error) {
      if (mine === asked) state.preview = { key, error };
    }
    onChange();
  }

  function body() {
    const { draft } = state;
    const seed = String(draft.seed ?? "").trim();
    return {
      user_id: settings.values.user.trim() || "admin",
      ...(draft.taskId.trim() ? { task_id: draft.taskId.trim() } : {}),
      model_id: draft.voice,
      text: draft.text,
      text_language: language(),
      how_to_cut: draft.cut,
      speed: Number(draft.speed),
      top_k: Number(draft.topK),
      top_p: Number(draft.topP),
      temperature: Number(draft.temperature),
      repetition_penalty: Number(draft.repetition),
      ref_free: Boolean(draft.refFree),
      ...(seed ? { seed: Number(seed) } : {}),
    };
  }

  async function submit() {
    if (state.busy) return null;
    state.busy = true;
    state.error = null;
    onChange();
    try {
      const entry = await api.post("voice-tasks", body());
      set({ taskId: "" });
      return entry;
    } catch (error) {
      state.error = error;
      return null;
    } finally {
      state.busy = false;
      onChange();
    }
  }

  return {
    state,
    set,
    submit,
    language,
    loadPreview,
    /** Another tab has typed. */
    reload() {
      state.draft = { ...DEFAULTS, ...drafts.read("composer", {}) };
      onChange();
    },
    get previewIsCurrent() {
      return state.preview?.key === previewKey();
    },
  };
}

