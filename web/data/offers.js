// A draft belongs to its tab; what other tabs of this browser were writing is kept beside it and offered.

const PREFIX = "gsv.draft.";
const MOST = 8;
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** @returns {string} a name that this tab keeps when it is reloaded */
export function tabName(storage, random = () => crypto.randomUUID?.() ?? String(Math.random()).slice(2)) {
  try {
    const known = storage?.getItem("gsv.tab");
    if (known) return known;
    const made = random();
    storage?.setItem("gsv.tab", made);
    return made;
  } catch {
    return random();
  }
}

/**
 * @param {{storage: Storage | undefined, tab: string, now?: () => number}} options storage: shared by all tabs
 */
export function createOffers({ storage, tab, now = Date.now }) {
  const declined = new Set();

  function read(key) {
    try {
      const found = JSON.parse(storage?.getItem(key) ?? "null");
      return typeof found?.text === "string" && typeof found?.at === "number" ? found : null;
    } catch {
      return null;
    }
  }

  /** @returns {{key: string, text: string, at: number}[]} drafts of other tabs, the newest first */
  function others() {
    const found = [];
    try {
      for (let i = 0; i < (storage?.length ?? 0); i += 1) {
        const key = storage.key(i);
        if (!key?.startsWith(PREFIX) || key === PREFIX + tab) continue;
        const draft = read(key);
        if (draft) found.push({ key, ...draft });
      }
    } catch {
      return [];
    }
    return found.sort((a, b) => b.at - a.at);
  }

  function tidy() {
    others().forEach(({ key, at }, i) => {
      if (i >= MOST || now() - at > KEPT_MS) storage.removeItem(key);
    });
  }

  return {
    /** Say what this tab is writing. */
    keep(text) {
      try {
        if (text.trim()) storage?.setItem(PREFIX + tab, JSON.stringify({ text, at: now() }));
        else storage?.removeItem(PREFIX + tab);
        tidy();
      } catch {
        // Full or forbidden storage: there is nothing to offer then.
      }
    },
    /** What another tab was writing, or null. */
    latest() {
      return others().find(({ key, at, text }) => text.trim() && !declined.has(`${key} ${at}`)) ?? null;
    },
    decline({ key, at }) {
      declined.add(`${key} ${at}`);
    },
    isMine: (key) => key === PREFIX + tab,
    concerns: (key) => Boolean(key?.startsWith(PREFIX)),
  };
}
