import { TaskFeed, percent } from "/web/data/tasks.js";

const entry = (number, more = {}) => ({ task_id: `t${number}`, user_id: "u", status: "done", created_at: number, updated_at: number, text: "x", ...more });

// Newest first: t<total> ... t1.
function feedOf(total, log = []) {
  const all = Array.from({ length: total }, (_, i) => entry(total - i));
  const feed = new TaskFeed({
    onChange() {},
    async fetchPage(filter, page, size) {
      log.push(page);
      return { total: all.length, data: all.slice((page - 1) * size, page * size) };
    },
  });
  return { feed, all };
}

export async function only_the_pages_in_sight_are_fetched({ equal }) {
  const log = [];
  const { feed } = feedOf(5000, log);
  await feed.load(1);
  equal(feed.length, 5000);
  equal(feed.at(0).task_id, "t5000");
  equal(feed.at(2600), null);
  feed.ensure(2590, 2610);
  await Promise.all(feed.loading.values());
  equal(feed.at(2600).task_id, "t2400");
  equal(log.length < 5, true);
}

export async function a_new_task_comes_first({ equal }) {
  const { feed } = feedOf(3);
  await feed.load(1);
  feed.apply(entry(9, { status: "wait" }));
  equal(feed.order, ["t9", "t3", "t2", "t1"]);
  equal(feed.total, 4);
  feed.apply(entry(9, { status: "run" }));
  equal(feed.at(0).status, "run");
  equal(feed.total, 4);
}

export async function older_news_do_not_overwrite_newer({ equal }) {
  const { feed } = feedOf(1);
  await feed.load(1);
  feed.apply(entry(1, { status: "error", updated_at: 0 }));
  equal(feed.at(0).status, "done");
}

export async function a_filter_holds_for_changes({ equal }) {
  const { feed } = feedOf(0);
  feed.filter = { user: "", status: "run", search: "" };
  await feed.load(1);
  feed.apply(entry(1, { status: "run" }));
  feed.apply(entry(2, { status: "wait" }));
  equal(feed.order, ["t1"]);
  feed.apply(entry(1, { status: "done", updated_at: 5 }));
  equal(feed.order, []);
  equal(feed.total, 0);
}

export async function hiding_can_be_taken_back({ equal }) {
  const { feed } = feedOf(3);
  await feed.load(1);
  const restore = feed.hide("t2");
  equal(feed.order, ["t3", "t1"]);
  feed.apply(entry(2, { updated_at: 9 }));
  equal(feed.order, ["t3", "t1"]);
  restore();
  equal(feed.order, ["t3", "t2", "t1"]);
}

export async function an_answer_to_an_old_filter_is_dropped({ equal }) {
  let release;
  const feed = new TaskFeed({
    onChange() {},
    fetchPage: ({ status }) =>
      status ? Promise.resolve({ total: 0, data: [] }) : new Promise((resolve) => (release = () => resolve({ total: 1, data: [entry(1)] }))),
  });
  const first = feed.load(1);
  await feed.setFilter({ status: "run" });
  release();
  await first;
  equal(feed.length, 0);
}

export function progress_counts_the_segment_under_way({ equal }) {
  equal(percent({ status: "run", total_segments: 4, segments_done: 1, within: 0.5 }), 37);
  equal(percent({ status: "run", total_segments: 1, segments_done: 0, within: 0.999 }), 99);
  equal(percent({ status: "done" }), 100);
  equal(percent({ status: "run", total_segments: 0, progress: 3 }), 3);
}
