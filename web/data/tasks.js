// The list of tasks: thousands of them, of which only the pages near the window are fetched.

export const PAGE = 50;
export const ENDED = new Set(["done", "error"]);

/** Percent spoken, the segment under way included. */
export function percent(task) {
  if (task.status === "done") return 100;
  const total = task.total_segments || 0;
  if (!total) return task.progress ?? 0;
  return Math.min(99, Math.floor((100 * ((task.segments_done ?? 0) + (task.within ?? 0))) / total));
}

export class TaskFeed {
  /**
   * @param {{fetchPage: (filter: object, page: number, size: number) => Promise<{total: number, data: object[]}>,
   *   onChange: () => void}} options
   */
  constructor({ fetchPage, onChange }) {
    this.fetchPage = fetchPage;
    this.onChange = onChange;
    this.filter = { user: "", status: "", search: "" };
    this.hidden = new Set();
    this.byId = new Map();
    this.clear();
  }

  clear() {
    this.round = (this.round ?? 0) + 1;
    this.order = [];
    this.total = null;
    this.loading = new Map();
    this.error = null;
  }

  setFilter(filter) {
    this.filter = { ...this.filter, ...filter };
    this.clear();
    this.onChange();
    return this.load(1);
  }

  /** Ids of the list, holes where nothing is loaded yet. */
  get length() {
    return this.order.length;
  }

  at(index) {
    return this.byId.get(this.order[index]) ?? null;
  }

  /** See that a range of the list is there. */
  ensure(from, to) {
    if (this.error) return;
    for (let page = Math.floor(from / PAGE) + 1; page <= Math.ceil(Math.max(1, to) / PAGE); page += 1) {
      for (let i = (page - 1) * PAGE; i < Math.min(this.order.length, page * PAGE); i += 1) {
        if (this.order[i] === undefined && i >= from - PAGE && i < to + PAGE) {
          this.load(page);
          break;
        }
      }
    }
  }

  async load(page) {
    if (this.loading.has(page)) return this.loading.get(page);
    const { round } = this;
    const work = this.fetchPage(this.filter, page, PAGE)
      .then((answer) => {
        if (round === this.round) this.place(page, answer);
      })
      .catch((error) => {
        if (round === this.round && error.kind !== "aborted") this.error = error;
      })
      .finally(() => {
        if (round === this.round) this.loading.delete(page);
        this.onChange();
      });
    this.loading.set(page, work);
    return work;
  }

  place(page, { total, data }) {
    this.error = null;
    this.total = total;
    const shown = data.filter((entry) => !this.hidden.has(entry.task_id));
    const gone = data.length - shown.length;
    this.order.length = Math.max(0, total - gone);
    const taken = new Set();
    shown.forEach((entry, i) => {
      this.byId.set(entry.task_id, { ...this.byId.get(entry.task_id), ...entry });
      this.order[(page - 1) * PAGE + i] = entry.task_id;
      taken.add(entry.task_id);
    });
    // Pages shift when tasks come and go: an id that is here now must not stand elsewhere too.
    this.order.forEach((id, i) => {
      if (taken.has(id) && Math.floor(i / PAGE) + 1 !== page) delete this.order[i];
    });
  }

  /** Everything again, keeping what is shown until the answer is there. */
  async refresh(from = 0, to = PAGE) {
    this.error = null;
    const pages = [];
    for (let page = Math.floor(from / PAGE) + 1; page <= Math.ceil(Math.max(1, to) / PAGE); page += 1) pages.push(page);
    this.round += 1;
    this.loading = new Map();
    const keep = new Set(pages);
    this.order.forEach((_, i) => {
      if (!keep.has(Math.floor(i / PAGE) + 1)) delete this.order[i];
    });
    await Promise.all(pages.map((page) => this.load(page)));
  }

  matches(entry) {
    const { user, status, search } = this.filter;
    // Only the service searches; what changes meanwhile stays where it is, and what is new waits for the next search.
    if (search) return this.order.includes(entry.task_id);
    if (user && entry.user_id !== user) return false;
    return !status || entry.status === status;
  }

  /** A task is new or has changed. */
  apply(entry) {
    const id = entry.task_id;
    if (this.hidden.has(id)) return;
    const before = this.byId.get(id);
    if (before && before.updated_at > entry.updated_at) return;
    const whole = { ...before, within: 0, ...entry };
    this.byId.set(id, whole);
    if (this.total === null || whole.user_id === undefined) return;
    const index = this.order.indexOf(id);
    if (index >= 0 && !this.matches(whole)) this.take(index);
    else if (index < 0 && this.matches(whole) && this.isNewer(whole)) {
      this.order.unshift(id);
      this.total += 1;
    }
    this.onChange();
  }

  /** How far the segment under way is; lives until the next change of the task. */
  note({ task_id: id, segment, tokens, expected }) {
    const task = this.byId.get(id);
    if (!task || task.status !== "run") return;
    this.byId.set(id, { ...task, within: segment === task.segments_done ? Math.min(0.97, tokens / Math.max(1, expected)) : 0 });
    this.onChange();
  }

  /** Places in the queue as of a moment ago; a state that came since is newer. */
  forecast(entry) {
    const task = this.byId.get(entry.task_id);
    if (task?.status !== entry.status) return;
    this.byId.set(entry.task_id, { ...task, position: entry.position, eta_seconds: entry.eta_seconds });
    this.onChange();
  }

  isNewer(entry) {
    const first = this.at(0);
    return !first || entry.created_at >= first.created_at;
  }

  take(index) {
    this.order.splice(index, 1);
    this.total = Math.max(0, this.total - 1);
  }

  /** A task is gone. */
  remove(id) {
    const index = this.order.indexOf(id);
    if (index >= 0) this.take(index);
    this.byId.delete(id);
    this.onChange();
  }

  /** Not shown while an undo is possible. @returns {() => void} brings it back */
  hide(id) {
    const index = this.order.indexOf(id);
    const entry = this.byId.get(id);
    this.hidden.add(id);
    if (index >= 0) this.take(index);
    this.onChange();
    return () => {
      this.hidden.delete(id);
      if (index >= 0 && entry) {
        this.order.splice(Math.min(index, this.order.length), 0, id);
        this.total += 1;
      }
      this.onChange();
    };
  }
}
