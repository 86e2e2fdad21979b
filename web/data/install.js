// What can be installed, and the download that brings it.

/** Languages without words of their own in the page. */
const MIXED = "mixed";

export function createInstall({ api, onChange }) {
  const state = { resources: null, sources: [], allowed: true, download: null, error: null, source: "auto", folder: "", busy: false };

  async function load() {
    try {
      const found = await api.get("resources");
      Object.assign(state, { resources: found.resources, sources: found.sources, allowed: found.allowed, download: found.download, error: null });
    } catch (error) {
      state.error = error;
    } finally {
      onChange();
    }
  }

  async function act(work) {
    if (state.busy) return;
    Object.assign(state, { busy: true, error: null });
    onChange();
    try {
      state.download = (await work()).download;
    } catch (error) {
      state.error = error;
    } finally {
      state.busy = false;
      onChange();
    }
  }

  return {
    state,
    load,
    begin: (ids) => act(() => api.post("resources/download", { ids, source: state.source, ...(state.source === "folder" ? { folder: state.folder.trim() } : {}) })),
    pause: () => act(() => api.post("resources/download/pause")),
    resume: () => act(() => api.post("resources/download/resume")),
    async discard() {
      await act(() => api.remove("resources/download"));
      await load();
    },
    set(fields) {
      Object.assign(state, fields, { error: null });
      onChange();
    },
    /** The stream tells how far it is; at its end what is installed is read again. */
    note(download) {
      const ended = state.download?.state === "running" && download?.state !== "running";
      state.download = download;
      onChange();
      if (ended) load();
    },
  };
}

/**
 * Resources in the groups that the page shows.
 * @returns {{base: object[], languages: object[], others: object[]}} what speech needs first, what makes a language
 *   better, and what other versions need
 */
export function grouped(resources) {
  const synthesis = (resources ?? []).filter((one) => one.use === "synthesis");
  return {
    base: synthesis.filter((one) => one.base),
    languages: synthesis.filter((one) => one.languages.length),
    others: synthesis.filter((one) => !one.base && !one.languages.length),
  };
}

/** Bytes still to fetch; a part without a known size counts as nothing. */
export function remaining(resources) {
  return resources.filter((one) => !one.here).reduce((sum, one) => sum + Math.max(0, (one.size ?? 0) - one.fetched), 0);
}

/** Percent of a download, null where its size is not known. */
export function percentOf(download) {
  if (!download?.total) return null;
  return Math.min(100, Math.floor((100 * download.done) / download.total));
}

export const isMixed = (one) => one.languages.includes(MIXED);
