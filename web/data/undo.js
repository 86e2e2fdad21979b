// Deleting is put off for some seconds, in which it can be taken back; leaving the page carries it out.

export const GRACE = 7000;

export function createUndo({ onChange, wait = (callback, ms) => setTimeout(callback, ms), drop = (timer) => clearTimeout(timer) }) {
  const pending = new Map();
  let number = 0;

  function settle(id) {
    const entry = pending.get(id);
    if (!entry) return null;
    drop(entry.timer);
    pending.delete(id);
    onChange();
    return entry;
  }

  return {
    /**
     * @param {{label: string, commit: (leaving: boolean) => Promise<void>, restore: () => void,
     *   failed: (error: Error) => void}} deed
     */
    put(deed) {
      const id = (number += 1);
      const timer = wait(() => this.commit(id), GRACE);
      pending.set(id, { ...deed, id, timer });
      onChange();
      return id;
    },
    async commit(id, leaving = false) {
      const entry = settle(id);
      if (!entry) return;
      try {
        await entry.commit(leaving);
      } catch (error) {
        entry.restore();
        entry.failed(error);
      }
    },
    take(id) {
      const entry = settle(id);
      entry?.restore();
      return entry;
    },
    /** Take back what was put last. */
    takeLast() {
      return this.take([...pending.keys()].at(-1));
    },
    commitAll() {
      for (const id of [...pending.keys()]) this.commit(id, true);
    },
    get pending() {
      return [...pending.values()];
    },
  };
}
