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
  steps: 32,
  superSampling: false,
  reading: "natural",
  readings: false,
  taskId: "",
  advanced: false,
  preview: false,
};

// What a new tab begins with: how the last one spoke, not what it said.
const BELONGS_TO_TEXT = ["text", "taskId", "seed"];
const SAME_TEXT_MS = 15000;
export const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

/** Whether a seed can be sent; none is drawn by the service. */
export function seedFits(seed) {
  const text = String(seed ?? "").trim();
  return !text || (/^\d{1,16}$/.test(text) && Number(text) <= LARGEST_SEED);
}

/**
 * @param {{api: object, drafts: object, tabDrafts: object, offers: object, settings: object, onChange: () => void,
 *   now?: () => number, sampler?: (voice: string) => object | null}} options drafts: of the browser; tabDrafts: of this
 *   tab; offers: see offers.js; sampler: what the version that a voice speaks with samples by, see sampler.js
 */
export function createComposer({ api, drafts, tabDrafts, offers, settings, onChange, now = Date.now, sampler = () => null }) {
  const state = {
    draft: { ...DEFAULTS, ...(tabDrafts.read("composer", null) ?? drafts.read("composer-manner", {})) },
    busy: false,
    error: null,
    preview: null, // {segments, key} or {error, key}
    offer: null, // {key, text, at}: what another tab was writing
    added: null, // {id, at, body}: the task that was made last
    again: false, // whether to ask before the same text is added once more
  };
  let timer = 0;
  let asked = 0;

  function lookForOffer() {
    const found = state.draft.text.trim() ? null : offers.latest();
    if (found?.key === state.offer?.key && found?.at === state.offer?.at) return;
    state.offer = found;
    onChange();
  }
  lookForOffer();

  function language() {
    const { language: chosen, text } = state.draft;
    return chosen === "auto-guess" ? (guess(text) ?? "zh") : chosen;
  }

  function previewKey() {
    const { text, voice, cut, speed, reading, readings } = state.draft;
    return JSON.stringify([text, voice, language(), cut, speed, reading, readings]);
  }

  function set(patch) {
    state.draft = { ...state.draft, ...patch };
    tabDrafts.write("composer", state.draft);
    drafts.write("composer-manner", Object.fromEntries(Object.entries(state.draft).filter(([name]) => !BELONGS_TO_TEXT.includes(name))));
    if (state.error && ("text" in patch || "voice" in patch || "language" in patch || state.error.kind === "parameter")) state.error = null;
    if ("text" in patch) {
      offers.keep(state.draft.text);
      state.offer = null;
      state.again = false;
      if (!state.draft.text.trim()) lookForOffer();
    }
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
        model_id: state.draft.voice || null,
        how_to_cut: state.draft.cut,
        speed: Number(state.draft.speed),
        reading: state.draft.reading,
        show_readings: state.draft.readings,
      });
      if (mine === asked) {
        const { segments, seconds, readings, left_out: leftOut } = answer;
        state.preview = { key, segments, seconds, readings, leftOut };
      }
    } catch (error) {
      if (mine === asked) state.preview = { key, error };
    }
    onChange();
  }

  function sampled() {
    const { draft } = state;
    const known = sampler(draft.voice);
    if (!known) return {};
    const raised = known.superSampling && draft.superSampling;
    return { sample_steps: Number(draft.steps), ...(raised ? { super_sampling: true } : {}) };
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
      ...(draft.reading === DEFAULTS.reading ? {} : { reading: draft.reading }),
      ...(seed ? { seed: Number(seed) } : {}),
      ...sampled(),
    };
  }

  /** @param {{anyway?: boolean}} [options] anyway: also the text that was added a moment ago */
  async function submit({ anyway = false } = {}) {
    if (state.busy) return null;
    const asked = body();
    const same = JSON.stringify({ ...asked, task_id: undefined });
    state.again = !anyway && state.added?.body === same && now() - state.added.at < SAME_TEXT_MS;
    if (state.again) {
      onChange();
      return null;
    }
    state.busy = true;
    state.error = null;
    state.added = null;
    onChange();
    try {
      const entry = await api.post("voice-tasks", asked);
      state.added = { id: entry.task_id, at: now(), body: same };
      if (state.draft.taskId) set({ taskId: "" });
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
    /** What the chosen voice's version samples by; null where there is nothing to choose. */
    get sampler() {
      return sampler(state.draft.voice);
    },
    loadPreview,
    /** Another tab has typed: its text is offered where there is none here. */
    lookForOffer,
    takeOffer() {
      if (state.offer) set({ text: state.offer.text });
    },
    declineOffer() {
      if (state.offer) offers.decline(state.offer);
      lookForOffer();
    },
    get previewIsCurrent() {
      return state.preview?.key === previewKey();
    },
  };
}
