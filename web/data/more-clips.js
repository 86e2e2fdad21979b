// More clips of a voice, for its timbre: those that it has, those that are added, and which of them stay.
import { decode, measure, mono } from "../lib/audio.js";
import { t } from "../lib/i18n.js";

export const MOST_CLIPS = 16;
export const CLIP_SECONDS = [0.5, 60];

/** Clips that a voice has, as the editor holds them. */
export function clipsOf(voice) {
  return (voice?.aux_refer_wav_urls ?? []).map((url) => ({ key: url, url }));
}

/** Why a clip cannot be taken, "" where it can. */
export function unfit(seconds) {
  const [shortest, longest] = CLIP_SECONDS;
  if (seconds < shortest) return t("clips.too.short", { seconds: seconds.toFixed(1) });
  return seconds > longest ? t("clips.too.long", { seconds: seconds.toFixed(0) }) : "";
}

/** Say in a form which clips stay and which are new; nothing where nothing changed. */
export function putClips(form, { voice, clips, clipsChanged }) {
  if (!clipsChanged) return;
  const stay = clips.filter((one) => one.url);
  for (const one of stay) form.append("keep_aux_refer_wavs", one.url);
  if (voice && !stay.length) form.append("keep_aux_refer_wavs", "");
  for (const one of clips) if (one.blob) form.append("aux_refer_wavs", one.blob, one.name);
}

export function addMoreClips(app) {
  const { store, api } = app;
  let number = 0;
  let heard = null;

  const change = (make, more = {}) => store.set(({ editor }) => (editor ? { editor: { ...editor, clips: make(editor.clips), ...more } } : {}));
  const update = (key, fields) => change((clips) => clips.map((one) => (one.key === key ? { ...one, ...fields } : one)));

  /** Fetch the verdicts on the clips that a voice has. */
  app.judgeClips = async (voice) => {
    if (!voice?.aux_refer_wav_urls?.length) return;
    const found = await api.get(`voice-models/${encodeURIComponent(voice.model_id)}/clips`).catch(() => []);
    for (const { url, report } of found) update(url, { report, seconds: report.seconds });
  };

  app.addClips = async (files) => {
    const room = MOST_CLIPS - store.state.editor.clips.length;
    const taken = files.slice(0, Math.max(0, room));
    app.patchEditor({ clipsError: files.length > taken.length ? { message: t("clips.full", { most: MOST_CLIPS }) } : null, clipsOpen: true });
    await Promise.all(taken.map(add));
  };

  async function add(blob) {
    const key = `new-${(number += 1)}`;
    change((clips) => [...clips, { key, blob, name: blob.name, reading: true }], { clipsChanged: true });
    try {
      const buffer = await decode(blob);
      const problem = unfit(buffer.duration);
      if (problem) {
        change((clips) => clips.filter((one) => one.key !== key), { clipsError: { message: `${blob.name}: ${problem}` } });
        return;
      }
      update(key, { reading: false, seconds: buffer.duration, measured: measure(mono(buffer), buffer.sampleRate) });
    } catch {
      // What this browser cannot decode, the service may.
      update(key, { reading: false, unknown: true });
    }
  }

  app.dropMoreClip = (key) => {
    if (heard?.key === key) app.silenceClips();
    change((clips) => clips.filter((one) => one.key !== key), { clipsChanged: true, clipsError: null });
  };

  app.silenceClips = () => {
    heard?.audio.pause();
    if (heard?.own) URL.revokeObjectURL(heard.audio.src);
    heard = null;
    app.patchEditor({ clipHeard: "" });
  };

  app.playMoreClip = async ({ key, blob, url }) => {
    const again = heard?.key === key;
    app.silenceClips();
    if (again) return;
    app.player.pause();
    const audio = new Audio();
    heard = { key, audio, own: Boolean(blob) };
    app.patchEditor({ clipHeard: key, clipsError: null });
    const failed = (message) => {
      if (heard?.audio !== audio) return;
      app.silenceClips();
      app.patchEditor({ clipsError: { message } });
    };
    try {
      const source = blob ? URL.createObjectURL(blob) : await app.media.playable(url);
      if (heard?.audio !== audio) return;
      audio.addEventListener("ended", app.silenceClips);
      audio.addEventListener("error", () => failed(t("error.play")));
      audio.src = source;
      await audio.play().catch(() => {});
    } catch (error) {
      failed(error.message);
    }
  };
}
