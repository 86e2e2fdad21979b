// Recording from the microphone: seconds and loudness while it goes on, the browser's own file at the end.

const EVERY = 80;

/**
 * @param {{onLevel: (seconds: number, level: number) => void, onEnd: (blob: Blob | null) => void, most: number}} options
 *   onEnd gets null where the recording is not kept; most: seconds until it ends by itself
 * @returns {Promise<{stop: (keep: boolean) => void}>}
 * @throws {Error} in the name: "insecure", or what the browser says (NotFoundError, NotAllowedError)
 */
export async function startRecording({ onLevel, onEnd, most }) {
  if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error(), { name: "insecure" });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(meter);
  const wave = new Float32Array(meter.fftSize);
  const since = performance.now();
  let kept = true;
  const stop = (keep) => {
    kept = keep;
    if (recorder.state !== "inactive") recorder.stop();
  };
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(wave);
    const seconds = (performance.now() - since) / 1000;
    onLevel(seconds, Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length));
    if (seconds > most) stop(true);
  }, EVERY);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => {
    clearInterval(timer);
    context.close();
    stream.getTracks().forEach((track) => track.stop());
    onEnd(kept ? new Blob(parts, { type: recorder.mimeType }) : null);
  };
  recorder.start();
  return { stop };
}

/** The key of the words for what prevents recording. */
export function recordingTrouble(error) {
  return { insecure: "record.insecure", NotFoundError: "record.none" }[error?.name] ?? "record.denied";
}
