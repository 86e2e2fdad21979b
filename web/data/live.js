// One stream for all tabs, polling where there is none, and what each event changes.
import { EventStream } from "../lib/sse.js";
import { leadAlone, openChannel } from "../lib/tabs.js";

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {{api: object, onEvent: (name: string, data: object) => void, onState: (state: string) => void,
 *   onConnected: () => void, onMessage: (message: object) => void, poll: () => Promise<void>}} options
 */
export function createLive({ api, onEvent, onState, onConnected, onMessage, poll }) {
  let stream = null;
  let leading = false;
  let restart = null;
  let state = "connecting";

  const channel = openChannel((message) => {
    if (message.kind === "event" && !leading) onEvent(message.name, message.data);
    else if (message.kind === "state" && !leading) enter(message.state);
    else if (message.kind === "connected" && !leading) onConnected();
    else if (message.kind === "who-leads" && leading) channel.post({ kind: "state", state });
    else onMessage(message);
  });

  function enter(next) {
    state = next;
    onState(next);
  }

  function makeStream() {
    return new EventStream({
      url: () => api.url("events"),
      headers: () => api.headers(),
      poll,
      onEvent({ event, data }) {
        const parsed = parse(data);
        if (parsed === null) return;
        onEvent(event, parsed);
        channel.post({ kind: "event", name: event, data: parsed });
      },
      onState(next) {
        enter(next);
        channel.post({ kind: "state", state: next });
      },
      onConnected() {
        onConnected();
        channel.post({ kind: "connected" });
      },
    });
  }

  async function lead() {
    leading = true;
    for (;;) {
      stream = makeStream();
      const changed = new Promise((resolve) => {
        restart = resolve;
      });
      await stream.run();
      if (stream.state === "refused") await changed;
    }
  }

  return {
    start() {
      window.addEventListener("online", () => stream?.hurry());
      document.addEventListener("visibilitychange", () => document.hidden || stream?.hurry());
      leadAlone({ lead });
      channel.post({ kind: "who-leads" });
    },
    /** The key has changed: connect anew. */
    reconnect() {
      stream?.stop();
      restart?.();
    },
    hurry: () => stream?.hurry(),
    tell: (message) => channel.post(message),
    get state() {
      return state;
    },
  };
}
