// The list of what is said in a training's clips: lines, changes that are saved as they come, and the way back.

const PAGE = 500;
const SAVE_AFTER = 700;

/**
 * @typedef {{index: number, path: string, speaker: string, language: string, text: string, wrong: string,
 *   url: string | null, seconds: number | null, warnings: string[]}} Line
 */

/**
 * A dataset and a list's path in it, from the path that a training names.
 * @param {{name: string, path: string}[]} datasets
 */
export function placeOf(address, datasets) {
  const found = datasets.find(({ path }) => address.startsWith(`${path}/`));
  return found ? { dataset: found.name, path: address.slice(found.path.length + 1) } : null;
}

/** Where a text is divided when its clip is: at a space near the place, else at the place itself. */
export function halves(text, at) {
  const near = [0, 1, -1, 2, -2, 3, -3].map((move) => at + move).find((place) => /\s/.test(text[place] ?? ""));
  const place = near ?? at;
  return [text.slice(0, place).trim(), text.slice(place).trim()];
}

export const warned = (line) => Boolean(line.wrong || line.warnings.length || !line.text.trim());

/** Lines that are shown. @param {{search: string, only: boolean}} filter */
export function shownLines(lines, { search, only }) {
  const wanted = search.trim().toLowerCase();
  return lines.filter((line) => (!only || warned(line)) && (!wanted || line.text.toLowerCase().includes(wanted)));
}

export function createLabels({ api, onChange, onConflict }) {
  const state = { address: "", place: null, lines: null, revision: "", error: null, saving: false, savedAt: 0, search: "", only: false };
  const edits = new Map(); // index -> fields that are not saved yet
  const past = []; // texts as they were, for Ctrl+Z
  let timer = 0;
  let chain = Promise.resolve();
  const path = () => `gpt_sovits/datasets/${encodeURIComponent(state.place.dataset)}/list`;

  async function load() {
    const { address } = state;
    try {
      if (!state.place) {
        const { data } = await api.get("gpt_sovits/datasets", { page_size: 100 });
        if (address !== state.address) return;
        state.place = placeOf(address, data);
        if (!state.place) return;
      }
      const { place } = state;
      const lines = [];
      let page;
      do {
        page = await api.get(path(), { path: place.path, offset: lines.length, limit: PAGE });
        lines.push(...page.lines);
      } while (page.lines.length && lines.length < page.total);
      if (address !== state.address) return;
      Object.assign(state, { lines, revision: page.revision, error: null });
    } catch (error) {
      state.error = error;
    }
    onChange();
  }

  /** Send operations, one request after the other; a list that somebody else has changed is read again. */
  function send(changes, then = () => {}) {
    chain = chain.then(async () => {
      Object.assign(state, { saving: true, error: null });
      onChange();
      try {
        const done = await api.patch(path(), { revision: state.revision, changes }, { query: { path: state.place.path } });
        Object.assign(state, { revision: done.revision, savedAt: Date.now() });
        await then();
      } catch (error) {
        state.error = error.kind === "conflict" ? null : error;
        if (error.kind === "conflict") onConflict();
        past.length = 0;
        await load();
      }
      state.saving = false;
      onChange();
    });
    return chain;
  }

  function flush() {
    clearTimeout(timer);
    if (!edits.size) return chain;
    const changes = [...edits].map(([index, fields]) => ({ op: "edit", index, ...fields }));
    edits.clear();
    return send(changes);
  }

  return {
    state,
    load,
    flush,
    /** @param {string} address of the list, as trainings name it; "" for none */
    open(address) {
      if (address === state.address) return;
      if (state.place) flush();
      edits.clear();
      past.length = 0;
      Object.assign(state, { address, place: null, lines: null, revision: "", error: null, search: "", only: false, savedAt: 0 });
      if (address) load();
    },
    filter(fields) {
      Object.assign(state, fields);
      onChange();
    },
    /** @param {Line} line @param {{text?: string, language?: string}} fields */
    edit(line, fields) {
      if (!edits.has(line.index)) past.push({ index: line.index, fields: Object.fromEntries(Object.keys(fields).map((name) => [name, line[name]])) });
      Object.assign(line, fields, { wrong: "" });
      edits.set(line.index, { ...edits.get(line.index), ...fields });
      clearTimeout(timer);
      timer = setTimeout(flush, SAVE_AFTER);
      onChange();
    },
    /** Take back the last edit of a text or language. @returns {number | null} its line */
    async undo() {
      const last = past.pop();
      if (!last) return null;
      const line = state.lines[last.index];
      edits.set(last.index, { ...edits.get(last.index), ...last.fields });
      Object.assign(line, last.fields);
      await flush();
      return last.index;
    },
    /** What moves lines is read again: numbers and recordings are new. */
    async change(operation) {
      await flush();
      past.length = 0;
      await send([operation], load);
    },
  };
}
