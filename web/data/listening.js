// Two versions of a trained voice beside each other: the same text, seed and reference, and which one is better.
import { ApiError } from "../lib/api.js";
import { t } from "../lib/i18n.js";

export const LETTERS = ["A", "B"];
const SEEDS = 2 ** 31;
const FITTING = [3, 10];

/** Lines whose clip can be a reference: 3 to 10 s, with a text. */
export const referencesOf = (lines) => (lines ?? []).filter((line) => line.url && line.text.trim() && line.seconds >= FITTING[0] && line.seconds <= FITTING[1]);

/** Newest and oldest weights of both networks: what A and B are until somebody chooses. */
export function firstPairs(checkpoints) {
  const of = (network) => checkpoints.filter((one) => one.network === network).sort((a, b) => a.epoch - b.epoch || a.modified_at - b.modified_at);
  const [gpt, sovits] = [of("gpt"), of("sovits")];
  if (!gpt.length || !sovits.length) return null;
  return [
    { gpt: gpt.at(-1).path, sovits: sovits.at(-1).path },
    { gpt: gpt.at(-1).path, sovits: sovits[0].path },
  ];
}

export function createListening({ api, player, onChange, random = Math.random }) {
  const state = { name: "", checkpoints: null, samples: [], pairs: null, text: "", reference: "", blind: false, swapped: false, chosen: "", sounds: [null, null], busy: false, error: null, voiceName: "" };
  const path = (rest = "") => `gpt_sovits/experiments/${encodeURIComponent(state.name)}${rest}`;
  const set = (fields) => {
    Object.assign(state, fields);
    onChange();
  };

  function forgetSounds() {
    if (player.state.id.startsWith("hear:")) player.stop();
    state.sounds.forEach((one) => one && URL.revokeObjectURL(one));
    Object.assign(state, { sounds: [null, null], chosen: "" });
  }

  async function load() {
    const { name } = state;
    try {
      const { checkpoints, samples } = await api.get(path());
      if (name !== state.name) return;
      const known = (one) => one && [one.gpt, one.sovits].every((file) => checkpoints.some((each) => each.path === file));
      const pairs = state.pairs?.every(known) ? state.pairs : firstPairs(checkpoints);
      set({ checkpoints, samples, pairs });
    } catch (error) {
      if (error.kind !== "missing") set({ error });
    }
  }

  const bodyOf = (pair, line, seed) => ({
    text: state.text,
    text_language: line.language === "zh" || line.language === "yue" || line.language === "ja" || line.language === "ko" ? `all_${line.language}` : line.language,
    gpt_model_path: pair.gpt,
    sovits_model_path: pair.sovits,
    ref_wav_path: line.file,
    prompt_text: line.text,
    prompt_language: line.language === "en" ? "en" : `all_${line.language}`,
    seed,
  });

  return {
    state,
    /** @param {string} name of the experiment @param {string} mark changes when there may be new weights */
    open(name, mark) {
      if (name !== state.name) {
        forgetSounds();
        Object.assign(state, { name, checkpoints: null, samples: [], pairs: null, error: null, reference: "", text: "", voiceName: "" });
        state.mark = "";
      }
      if (name && mark !== state.mark) {
        state.mark = mark;
        load();
      }
    },
    set(fields) {
      if ("text" in fields || "reference" in fields) forgetSounds();
      set({ ...fields, error: null });
    },
    choose(i, fields) {
      forgetSounds();
      const pairs = state.pairs.map((pair, at) => (at === i ? { ...pair, ...fields } : pair));
      set({ pairs, error: null });
    },
    /** Speak both versions, one after the other, with one seed. @param {object} line the reference */
    async speak(line) {
      forgetSounds();
      set({ busy: true, error: null, swapped: state.blind && random() < 0.5 });
      const seed = Math.floor(random() * SEEDS);
      try {
        for (const [i, pair] of state.pairs.entries()) {
          const blob = await api.blob(path("/hear"), { method: "POST", json: bodyOf(pair, line, seed) });
          state.sounds[i] = URL.createObjectURL(blob);
        }
      } catch (error) {
        state.error = error;
      }
      set({ busy: false });
    },
    /** What is called A or B now. @returns {number} place among the pairs */
    place: (shown) => (state.swapped ? 1 - shown : shown),
    async makeVoice(pair, line, name, id) {
      if (!name.trim()) return set({ error: new ApiError(t("editor.need.name"), { kind: "parameter" }) });
      set({ busy: true, error: null });
      try {
        const body = bodyOf(pair, line, 0);
        return await api.post(path("/voice"), {
          model_id: id,
          model_name: name.trim(),
          gender: 2,
          gpt_model_path: body.gpt_model_path,
          sovits_model_path: body.sovits_model_path,
          ref_wav_path: body.ref_wav_path,
          prompt_text: body.prompt_text,
          prompt_language: body.prompt_language,
        });
      } catch (error) {
        set({ error });
        return null;
      } finally {
        set({ busy: false });
      }
    },
  };
}
