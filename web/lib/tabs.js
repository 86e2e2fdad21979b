// Tabs of one browser agree: one of them holds the event stream and tells the others what it hears.

/**
 * Runs `lead` in exactly one tab. Without locks (plain http off loopback) every tab leads itself.
 * @param {{lead: (signal: AbortSignal) => Promise<void>, locks?: LockManager, name?: string}} options
 */
export async function leadAlone({ lead, locks = navigator.locks, name = "gsv-events" }) {
  const forever = new AbortController();
  if (!locks) return lead(forever.signal);
  return locks.request(name, () => lead(forever.signal));
}

/** A channel to the other tabs; silent where the browser has none. */
export function openChannel(onMessage, name = "gsv") {
  if (typeof BroadcastChannel !== "function") return { post() {}, close() {} };
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => onMessage(event.data));
  return {
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
}
