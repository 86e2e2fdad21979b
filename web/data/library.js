// Voices, categories and weights: small enough to be held whole.

const PAGE = 100;

export function createLibrary({ api, onChange }) {
  const state = {
    voices: null,
    voicesError: null,
    categories: [],
    weights: null,
    weightsError: null,
    switching: null,
    loading: null,
    hidden: new Set(),
  };
  let round = 0;

  async function allVoices() {
    const found = [];
    for (let page = 1; ; page += 1) {
      const answer = await api.get("voice-models", { page, page_size: PAGE });
      found.push(...answer.data);
      if (found.length >= answer.total || !answer.data.length) return found;
    }
  }

  async function loadVoices() {
    const mine = (round += 1);
    try {
      const [voices, categories] = await Promise.all([allVoices(), api.get("voice-categories")]);
      if (mine !== round) return;
      Object.assign(state, { voices, categories, voicesError: null });
    } catch (error) {
      if (mine === round && error.kind !== "aborted") state.voicesError = error;
      throw error;
    } finally {
      onChange();
    }
  }

  async function loadWeights() {
    try {
      state.weights = await api.get("models");
      state.loading = state.weights.loading ?? null;
      state.weightsError = null;
    } catch (error) {
      state.weightsError = error;
      throw error;
    } finally {
      onChange();
    }
  }

  return {
    state,
    loadVoices,
    loadWeights,
    get voices() {
      return (state.voices ?? []).filter((voice) => !state.hidden.has(voice.model_id));
    },
    voice(id) {
      return state.voices?.find((voice) => voice.model_id === id) ?? null;
    },
    put(voice) {
      const others = (state.voices ?? []).filter((other) => other.model_id !== voice.model_id);
      const known = others.length !== (state.voices ?? []).length;
      state.voices = known
        ? state.voices.map((other) => (other.model_id === voice.model_id ? { ...other, ...voice } : other))
        : [voice, ...others];
      onChange();
    },
    drop(id) {
      state.voices = (state.voices ?? []).filter((voice) => voice.model_id !== id);
      onChange();
    },
    hide(id) {
      state.hidden.add(id);
      onChange();
      return () => {
        state.hidden.delete(id);
        onChange();
      };
    },
    /** The stream tells how far a load is, whoever asked for it; null when it has ended. */
    noteLoading(loading) {
      // Between the end of a load and the answer to who asked for it, the bar stays full.
      state.loading = !loading && state.switching && state.loading ? { ...state.loading, progress: 100, step: "" } : loading;
      onChange();
    },
    async switchWeights(pair) {
      state.switching = { ...pair, since: Date.now() };
      onChange();
      try {
        await api.post("set_model", pair);
        await loadWeights();
      } finally {
        state.switching = null;
        state.loading = null;
        onChange();
      }
    },
  };
}

/**
 * What the engine is loading, or null: {progress: 0-100 | null where it is not known, step, gpt, sovits, starting,
 * restarting}.
 */
export function loadingOf({ loading, switching }, health) {
  const starting = health?.engine === "starting";
  const restarting = health?.engine === "restarting";
  if (!loading && !switching && !starting && !restarting) return null;
  const pair = loading ?? { gpt: switching?.gpt_model_path, sovits: switching?.sovits_model_path };
  return { progress: null, step: "", ...pair, starting, restarting };
}

/** The pair that speaks, as one word to compare; "" without any. */
export function pairOf(weights) {
  return weights?.current ? `${weights.current.gpt}\n${weights.current.sovits}` : "";
}

const searchForm = (text) => (text ?? "").normalize("NFKC").toLowerCase();

/** Voices whose name, id, transcript, description or pinyin contains the words, of a category ("" is all). */
export function filterVoices(voices, { name = "", category = "" }) {
  const wanted = searchForm(name).trim();
  const spelt = wanted.replace(/[\s']+/g, "");
  const holds = (voice) =>
    [voice.model_name, voice.model_id, voice.prompt_text, voice.description].some((text) => searchForm(text).includes(wanted)) ||
    (/^[a-z]+$/.test(spelt) && (voice.pinyin ?? []).some((one) => one.includes(spelt)));
  return voices.filter((voice) => (!wanted || holds(voice)) && (!category || (voice.categories ?? []).includes(category)));
}

/** An id that no voice has yet, from one that may be taken. */
export function freeId(wanted, voices) {
  const plain = wanted.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 56) || "voice";
  const taken = new Set(voices.map((voice) => voice.model_id));
  let number = 2;
  while (taken.has(`${plain}-${number}`)) number += 1;
  return taken.has(plain) ? `${plain}-${number}` : plain;
}

/** A name for a copy: "Anna (2)". */
export function copyName(name, voices) {
  const taken = new Set(voices.map((voice) => voice.model_name));
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name} (${number})`)) number += 1;
  return `${name} (${number})`;
}
