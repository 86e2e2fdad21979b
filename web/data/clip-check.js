// The service's verdict on a recording as it is: this page may have resampled what it shows.

const AFTER = 400; // milliseconds without another cut
const MOST_SECONDS = 600;

/**
 * @param {{api: object, limit: () => number, onVerdict: (source: Blob, fields: object) => void}} options limit: bytes
 *   that the service takes; onVerdict: given {verdict} or {verdictError}, for the recording that was asked about
 */
export function createClipCheck({ api, limit, onVerdict }) {
  let timer = 0;
  let running = null;

  function send(blob, cut, signal) {
    const form = new FormData();
    form.set("refer_wav", blob, blob.name ?? "clip");
    if (cut) {
      form.set("refer_start", String(cut.from));
      form.set("refer_end", String(cut.to));
    }
    return api.send("POST", "voice-models/check", form, { signal });
  }

  function stop() {
    clearTimeout(timer);
    running?.abort();
    running = null;
  }

  async function judge({ source, from, to }) {
    running = new AbortController();
    const { signal } = running;
    try {
      onVerdict(source, { verdict: await send(source, { from, to }, signal), verdictError: null });
    } catch (error) {
      if (!signal.aborted) onVerdict(source, { verdict: null, verdictError: error });
    }
  }

  return {
    stop,
    /** Judge a part, when its ends have rested for a moment. */
    ask(clip) {
      stop();
      if (clip.source.size > limit() || clip.to > MOST_SECONDS) return;
      timer = setTimeout(() => judge(clip), AFTER);
    },
    /** @returns {Promise<object>} the verdict on a recording that this page cannot cut */
    whole: (blob) => send(blob, null),
  };
}
