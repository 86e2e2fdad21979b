// What is typed survives reloads, crashes and restarts of the service.

const PREFIX = "gsv.";

/** @param {Storage | undefined} storage may be missing or forbidden; then everything lives in memory */
export function createDrafts(storage, later = (callback) => setTimeout(callback, 150)) {
  const memory = new Map();
  const dirty = new Set();
  let waiting = false;

  function read(name, fallback) {
    if (memory.has(name)) return memory.get(name);
    try {
      const text = storage?.getItem(PREFIX + name);
      return text === null || text === undefined ? fallback : JSON.parse(text);
    } catch {
      return fallback;
    }
  }

  function flush() {
    waiting = false;
    for (const name of dirty) {
      try {
        const value = memory.get(name);
        if (value === undefined) storage?.removeItem(PREFIX + name);
        else storage?.setItem(PREFIX + name, JSON.stringify(value));
      } catch {
        // Full or forbidden storage: the page still works, it only forgets.
      }
    }
    dirty.clear();
  }

  return {
    read,
    flush,
    write(name, value) {
      memory.set(name, value);
      dirty.add(name);
      if (waiting) return;
      waiting = true;
      later(flush);
    },
    /** Another tab has written: forget our copy. */
    forget(key) {
      if (!key?.startsWith(PREFIX)) return null;
      const name = key.slice(PREFIX.length);
      if (!dirty.has(name)) memory.delete(name);
      return name;
    },
  };
}
