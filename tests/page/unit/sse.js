import { EventStream, SseParser, backoff } from "/web/lib/sse.js";

export function events_arrive_however_they_are_torn({ equal }) {
  const text = ": hello\nid: 7\nevent: task\ndata: {\"a\":1}\n\ndata: x\r\ndata: y\r\n\r\nevent: nothing\n\n";
  for (let size = 1; size < text.length; size += 1) {
    const parser = new SseParser();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    equal(found, [
      { event: "task", data: "{\"a\":1}", id: "7" },
      { event: "message", data: "x\ny", id: "7" },
    ]);
  }
}

export function delays_grow_to_a_limit({ ok }) {
  const all = [1, 2, 3, 4, 5, 6, 20].map((failures) => backoff(failures, () => 1));
  ok(all.every((delay, i) => i === 0 || delay >= all[i - 1]));
  ok(all[0] === 500 && all.at(-1) === 8000);
}

function streamOf(...texts) {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function follow(answers, { poll = async () => {} } = {}) {
  const log = { events: [], states: [], connected: 0, requests: [], polls: 0 };
  const stream = new EventStream({
    url: () => "/events",
    headers: () => ({ Authorization: "Bearer k" }),
    onEvent: (event) => log.events.push(event.data),
    onState: (state) => log.states.push(state),
    onConnected: () => (log.connected += 1),
    poll: async () => {
      log.polls += 1;
      await poll();
    },
    async fetch(url, { headers }) {
      log.requests.push(headers);
      const next = answers.shift();
      if (!next) {
        stream.stop();
        throw new TypeError("failed to fetch");
      }
      return typeof next === "function" ? next() : next;
    },
    sleep: async () => {},
  });
  return { stream, log };
}

export async function a_broken_stream_is_resumed_where_it_ended({ equal }) {
  const { stream, log } = follow([streamOf("id: 3\ndata: a\n\n"), () => { throw new TypeError("down"); }, streamOf("id: 4\ndata: b\n\n")]);
  await stream.run();
  equal(log.events, ["a", "b"]);
  equal(log.connected, 2);
  equal(log.requests.map((headers) => headers["Last-Event-ID"]), [undefined, "3", "3", "4"]);
  equal(log.requests[0].Authorization, "Bearer k");
}

export async function without_a_stream_it_polls({ equal, ok }) {
  const down = () => { throw new TypeError("down"); };
  const { stream, log } = follow([down, down, down]);
  await stream.run();
  ok(log.polls > 0);
  ok(log.states.includes("polling"));
  equal(log.states.includes("live"), false);
}

export async function a_dead_service_is_offline({ ok }) {
  const down = () => { throw new TypeError("down"); };
  const { stream, log } = follow([down, down], { poll: async () => { throw Object.assign(new Error(), { kind: "network" }); } });
  await stream.run();
  ok(log.states.includes("offline"));
}

export async function a_refused_key_ends_the_attempts({ equal }) {
  const { stream, log } = follow([new Response("", { status: 401 }), streamOf("data: never\n\n")]);
  await stream.run();
  equal(log.states, ["connecting", "refused"]);
  equal(log.events, []);
}

export async function silence_is_a_dead_connection({ equal }) {
  const never = new Response(new ReadableStream({}), { headers: { "content-type": "text/event-stream" } });
  let asked = 0;
  const stream = new EventStream({
    url: () => "/events",
    headers: () => ({}),
    onEvent() {},
    onState() {},
    onConnected() {},
    poll: async () => {},
    quiet: 30,
    sleep: async () => {},
    async fetch(url, { signal }) {
      asked += 1;
      if (asked === 2) {
        stream.stop();
        throw new TypeError("stopped");
      }
      const reader = { read: () => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))) };
      return { ok: true, status: 200, headers: never.headers, body: { getReader: () => reader } };
    },
  });
  await stream.run();
  equal(asked, 2);
}
