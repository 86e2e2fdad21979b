// The state of the dialog that makes or changes a voice.
import { decode, encodeWav, LONGEST, measure, mono, proposeSelection, SHORTEST } from "../lib/audio.js";
import { t } from "../lib/i18n.js";
import { hueOf } from "../lib/format.js";
import { guess } from "../lib/language.js";
import { addMoreClips, clipsOf, putClips } from "./more-clips.js";

const BLANK = { model_id: "", model_name: "", gender: 2, prompt_text: "", prompt_language: "", description: "", categories: [], gpt_model_path: "", sovits_model_path: "" };

export function addEditor(app) {
  const { store, drafts } = app;

  const patch = (fields) => store.set((state) => (state.editor ? { editor: { ...state.editor, ...fields } } : {}));

  app.openEditor = (voice = null) => {
    const fields = voice
      ? { ...BLANK, ...pick(voice), categories: [...(voice.categories ?? [])] }
      : { ...BLANK, ...drafts.read("voice-draft", {}) };
    store.set({ editor: { voice, fields, clip: null, avatar: null, zoom: 1, recording: null, decoding: false, clipError: null, avatarError: null, error: null, busy: false, result: null, playhead: null, clips: clipsOf(voice), clipsOpen: Boolean(voice?.aux_refer_wav_urls?.length), clipsChanged: false, clipsError: null, clipHeard: "" } });
    app.judgeClips(voice);
  };

  app.closeEditor = () => {
    const { editor } = store.state;
    stopRecording(editor, false);
    stopPreview();
    app.silenceClips();
    editor?.avatar?.close?.();
    app.closed({ editor: null });
  };

  app.editFields = (fields) => {
    const { editor } = store.state;
    const next = { ...editor.fields, ...fields };
    if (!editor.voice) drafts.write("voice-draft", next);
    patch({ fields: next, error: null });
  };

  // --- the clip ---

  app.takeClip = async (blob, name) => {
    patch({ decoding: true, clipError: null, result: null });
    try {
      const buffer = await decode(blob, 48000);
      const samples = mono(buffer);
      const rate = buffer.sampleRate;
      if (buffer.duration < SHORTEST) {
        patch({ decoding: false, clipError: { message: t("clip.too.short", { seconds: buffer.duration.toFixed(1) }) } });
        return;
      }
      const clip = { name, samples, rate, ...proposeSelection(samples, rate) };
      patch({ decoding: false, clip: { ...clip, report: report(clip) } });
    } catch {
      // What this browser cannot decode, the service may: it goes there as it is.
      patch({ decoding: false, clip: { name, raw: blob } });
    }
  };

  app.trimClip = ({ from, to }) => {
    const { clip } = store.state.editor;
    const next = { ...clip, from, to };
    clearTimeout(app.measuring);
    app.measuring = setTimeout(() => {
      const now = store.state.editor?.clip;
      if (now?.samples) patch({ clip: { ...now, report: report(now) } });
    }, 200);
    patch({ clip: next });
  };

  app.dropClip = () => {
    stopPreview();
    patch({ clip: null, clipError: null });
  };

  app.record = async () => {
    if (!navigator.mediaDevices?.getUserMedia) {
      patch({ clipError: { message: t("record.insecure") } });
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
      const recorder = new MediaRecorder(stream);
      const parts = [];
      const context = new AudioContext();
      const meter = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(meter);
      const wave = new Float32Array(meter.fftSize);
      const since = performance.now();
      const timer = setInterval(() => {
        meter.getFloatTimeDomainData(wave);
        const level = Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
        const { editor } = store.state;
        if (!editor?.recording) return;
        const seconds = (performance.now() - since) / 1000;
        patch({ recording: { ...editor.recording, seconds, level } });
        if (seconds > 60) stopRecording(store.state.editor, true);
      }, 80);
      recorder.ondataavailable = (event) => parts.push(event.data);
      recorder.onstop = () => {
        clearInterval(timer);
        context.close();
        stream.getTracks().forEach((track) => track.stop());
        const keep = store.state.editor?.recording?.keep;
        patch({ recording: null });
        if (keep) app.takeClip(new Blob(parts, { type: recorder.mimeType }), t("record.name"));
      };
      recorder.start();
      patch({ recording: { recorder, seconds: 0, level: 0, keep: true }, clipError: null });
    } catch (error) {
      patch({ clipError: { message: t(error?.name === "NotFoundError" ? "record.none" : "record.denied") } });
    }
  };

  app.stopRecording = () => stopRecording(store.state.editor, true);

  function stopRecording(editor, keep) {
    if (!editor?.recording) return;
    editor.recording.keep = keep;
    if (editor.recording.recorder.state !== "inactive") editor.recording.recorder.stop();
  }

  let preview = null;
  function stopPreview() {
    preview?.audio.pause();
    if (preview) {
      cancelAnimationFrame(preview.frame);
      URL.revokeObjectURL(preview.audio.src);
    }
    preview = null;
    if (store.state.editor) patch({ playhead: null });
  }

  app.playSelection = () => {
    if (preview) return stopPreview();
    const { clip } = store.state.editor;
    app.player.pause();
    const audio = new Audio(URL.createObjectURL(clip.raw ?? selectionWav(clip)));
    preview = { audio, frame: 0 };
    const tick = () => {
      if (!preview) return;
      patch({ playhead: (clip.from ?? 0) + audio.currentTime });
      preview.frame = requestAnimationFrame(tick);
    };
    audio.addEventListener("ended", stopPreview);
    audio.addEventListener("error", stopPreview);
    audio.play().then(tick, stopPreview);
    return undefined;
  };

  // --- the picture ---

  app.takeAvatar = async (file) => {
    if (!/^image\/(png|jpeg|webp|gif)$/.test(file.type)) {
      patch({ avatarError: { message: t("avatar.kind") } });
      return;
    }
    try {
      store.state.editor.avatar?.close?.();
      patch({ avatar: await createImageBitmap(file), zoom: 1, avatarError: null });
    } catch {
      patch({ avatarError: { message: t("avatar.broken") } });
    }
  };

  // --- saving ---

  app.saveEditor = async () => {
    const { editor } = store.state;
    const missing = missingIn(editor);
    if (missing) {
      patch({ error: missing });
      document.getElementById(missing.focus)?.focus();
      return;
    }
    stopPreview();
    app.silenceClips();
    patch({ busy: true, error: null });
    try {
      const form = await formOf(editor);
      const record = await app.saveVoice(form, editor.voice);
      if (!editor.voice) drafts.write("voice-draft", undefined);
      app.toast(t(editor.voice ? "voice.saved" : "voice.created", { name: record.model_name }), "good");
      const heardFirst = editor.clip || (editor.clipsChanged && editor.clips.some((one) => one.blob));
      patch({ busy: false, result: record, clips: clipsOf(record) });
      if (heardFirst) app.judgeClips(record);
      else app.closeEditor();
    } catch (error) {
      patch({ busy: false, error });
    }
  };

  app.patchEditor = patch;
  addMoreClips(app);
}

function pick(voice) {
  return Object.fromEntries(Object.keys(BLANK).filter((key) => voice[key] !== undefined && voice[key] !== null).map((key) => [key, voice[key]]));
}

export function selectionWav({ samples, rate, from, to }) {
  return encodeWav(samples.subarray(Math.round(from * rate), Math.round(to * rate)), rate);
}

function report({ samples, rate, from, to }) {
  return measure(samples.subarray(Math.round(from * rate), Math.round(to * rate)), rate);
}

/** What stands in the way of saving, with the field to go to. */
export function missingIn({ voice, fields, clip }) {
  if (!voice && !clip) return { message: t("editor.need.clip"), focus: "clip-file" };
  if (clip?.samples) {
    const seconds = clip.to - clip.from;
    if (seconds < SHORTEST - 0.005 || seconds > LONGEST + 0.005) return { message: t("editor.need.length", { seconds: seconds.toFixed(1) }), focus: "clip-file" };
  }
  if (!fields.model_name.trim()) return { message: t("editor.need.name"), focus: "e-name" };
  if (!voice && !/^[A-Za-z0-9_-]{1,64}$/.test(fields.model_id || idFrom(fields.model_name))) return { message: t("editor.need.id"), focus: "e-id" };
  return null;
}

/** An id made from a name; names without Latin letters get a number. */
export function idFrom(name, now = Date.now()) {
  const plain = name.normalize("NFKD").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase().slice(0, 48);
  return plain || `voice-${now.toString(36)}`;
}

async function formOf({ voice, fields, clip, avatar, clips, clipsChanged }) {
  const form = new FormData();
  const text = fields.prompt_text.trim();
  const language = fields.prompt_language || guess(text) || "all_zh";
  if (!voice) form.set("model_id", fields.model_id || idFrom(fields.model_name));
  form.set("model_name", fields.model_name.trim());
  form.set("gender", String(fields.gender));
  form.set("prompt_text", text);
  form.set("prompt_language", language);
  form.set("description", fields.description.trim());
  for (const id of fields.categories) form.append("categories", id);
  if (voice && !fields.categories.length) form.set("categories", "");
  for (const name of ["gpt_model_path", "sovits_model_path"]) {
    if (fields[name] || voice) form.set(name, fields[name] ?? "");
  }
  if (clip) form.set("refer_wav", clip.raw ?? selectionWav(clip), clip.raw ? clip.name : "reference.wav");
  putClips(form, { voice, clips, clipsChanged });
  if (avatar) form.set("avatar", await document.querySelector("avatar-crop").cut(), "avatar.png");
  else if (!voice) form.set("avatar", await initial(fields.model_name.trim(), hueOf(form.get("model_id"))), "avatar.png");
  return form;
}

/** A voice without a picture gets the first letter of its name. @returns {Promise<Blob>} a PNG */
async function initial(name, hue) {
  const side = 256;
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d");
  const colours = context.createLinearGradient(0, 0, side, side);
  colours.addColorStop(0, `hsl(${hue} 46% 42%)`);
  colours.addColorStop(1, `hsl(${hue + 28} 52% 27%)`);
  context.fillStyle = colours;
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#fff";
  context.font = `600 ${side * 0.46}px Inter, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText([...name][0]?.toUpperCase() ?? "?", side / 2, side * 0.53);
  return canvas.convertToBlob({ type: "image/png" });
}
