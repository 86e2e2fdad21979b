// Server-sent events over fetch: EventSource cannot send an API key, and says nothing about why it failed.

/** Turns bytes into events; keeps what is incomplete for the next call. */
export class SseParser {
  constructor() {
    this.rest = "";
    this.reset();
    this.lastId = "";
    this.retry = null;
  }

  reset() {
    this.event = "";
    this.data = [];
  }

  /** @returns {{event: string, data: string, id: string}[]} */
  push(text) {
    const found = [];
    // A carriage return at the very end may be half of CRLF.
    const whole = this.rest + text;
    const held = whole.endsWith("\r") ? "\r" : "";
    const lines = whole.slice(0, whole.length - held.length).split(/\r\n|\n|\r/);
    this.rest = lines.pop() + held;
    for (const line of lines) this.line(line, found);
    return found;
  }

  line(line, found) {
    if (line === "") {
      if (this.data.length) found.push({ event: this.event || "message", data: this.data.join("\n"), id: this.lastId });
      this.reset();
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 8000;
const QUIET = 45000; // the service sends a comment every 15 s; three missing ones mean a dead connection
const POLL = 3000;
const AGAIN_AFTER_POLLING = 60000;

/** Milliseconds before attempt `failures`, with jitter so that many pages do not come back at once. */
export function backoff(failures, random = Math.random) {
  const whole = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.max(0, failures - 1));
  return whole * (0.7 + 0.3 * random());
}

/**
 * One stream that does not give up. States: connecting, live, polling (the stream is not available but the service
 * answers), offline, refused (the key is missing or wrong).
 */
export class EventStream {
  /**
   * @param {{url: () => string, headers: () => object, onEvent: (event: object) => void,
   *   onState: (state: string) => void, onConnected: () => void, poll: () => Promise<void>,
   *   fetch?: typeof fetch, sleep?: (ms: number, signal: AbortSignal) => Promise<void>, quiet?: number}} options
   */
  constructor(options) {
    this.options = { fetch: (...args) => fetch(...args), sleep: pause, quiet: QUIET, ...options };
    this.lastId = "";
    this.failures = 0;
    this.state = "";
  }

  /** Runs until stop(); resolves then. */
  async run() {
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.enter("connecting");
    while (!signal.aborted) {
      const outcome = await this.attempt(signal);
      if (signal.aborted) break;
      if (outcome === "refused") {
        this.enter("refused");
        return;
      }
      if (outcome === "unavailable") await this.pollFor(AGAIN_AFTER_POLLING, signal);
      else await this.comeBack(signal);
    }
  }

  stop() {
    this.controller?.abort();
  }

  /** Try now instead of after the delay: the browser says that the network is back. */
  hurry() {
    this.wake?.();
  }

  enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }

  async attempt(signal) {
    const inner = new AbortController();
    const stop = () => inner.abort();
    signal.addEventListener("abort", stop);
    let watchdog = setTimeout(stop, this.options.quiet);
    try {
      const headers = { Accept: "text/event-stream", ...this.options.headers() };
      if (this.lastId) headers["Last-Event-ID"] = this.lastId;
      const response = await this.options.fetch(this.options.url(), { headers, signal: inner.signal, cache: "no-store" });
      if (response.status === 401 || response.status === 403) return "refused";
      if (!response.ok || !(response.headers.get("content-type") ?? "").includes("text/event-stream")) {
        return response.status >= 500 ? "lost" : "unavailable";
      }
      this.failures = 0;
      this.enter("live");
      this.options.onConnected();
      const parser = new SseParser();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return "lost";
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, this.options.quiet);
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          if (event.id) this.lastId = event.id;
          this.options.onEvent(event);
        }
      }
    } catch {
      return "lost";
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      inner.abort();
    }
  }

  async comeBack(signal) {
    this.failures += 1;
    if (this.failures > 1) this.enter((await this.answers()) ? "polling" : "offline");
    else this.enter("connecting");
    await this.wait(backoff(this.failures), signal);
  }

  async pollFor(duration, signal) {
    const until = Date.now() + duration;
    while (!signal.aborted && Date.now() < until) {
      this.enter((await this.answers()) ? "polling" : "offline");
      await this.wait(POLL, signal);
    }
  }

  async answers() {
    try {
      await this.options.poll();
      return true;
    } catch (error) {
      return error?.kind !== "network" && error?.kind !== "server";
    }
  }

  wait(duration, signal) {
    return Promise.race([
      this.options.sleep(duration, signal),
      new Promise((resolve) => {
        this.wake = resolve;
      }),
    ]);
  }
}

function pause(duration, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, duration);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
