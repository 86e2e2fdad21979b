// The state of the dialog that makes or changes a voice.
import { decode, encodeWav, LONGEST, measure, mono, proposeSelection, SHORTEST } from "../lib/audio.js";
import { createClipCheck } from "./clip-check.js";
import { freeId } from "./library.js";
import { t } from "../lib/i18n.js";
import { hueOf } from "../lib/format.js";
import { guess } from "../lib/language.js";
import { recordingTrouble, startRecording } from "../lib/recorder.js";
import { addMoreClips, clipsOf, putClips } from "./more-clips.js";

const BLANK = { model_id: "", model_name: "", gender: 2, prompt_text: "", prompt_language: "", description: "", categories: [], gpt_model_path: "", sovits_model_path: "" };

export function addEditor(app) {
  const { store, tabDrafts } = app;
  const clipCheck = createClipCheck({
    api: app.api,
    limit: () => store.state.health?.limits?.upload ?? 20 * 1024 * 1024,
    onVerdict(source, fields) {
      const clip = store.state.editor?.clip;
      if (clip?.source === source) patch({ clip: { ...clip, ...fields } });
    },
  });
  let taken = 0;

  const patch = (fields) => store.set((state) => (state.editor ? { editor: { ...state.editor, ...fields } } : {}));

  app.openEditor = (voice = null) => {
    const fields = voice
      ? { ...BLANK, ...pick(voice), categories: [...(voice.categories ?? [])] }
      : { ...BLANK, ...tabDrafts.read("voice-draft", {}) };
    store.set({ editor: { voice, fields, before: JSON.stringify(fields), asking: false, clip: null, avatar: null, zoom: 1, recording: null, decoding: false, clipError: null, avatarError: null, error: null, busy: false, result: null, playhead: null, clips: clipsOf(voice), clipsOpen: Boolean(voice?.aux_refer_wav_urls?.length), clipsChanged: false, clipsError: null, clipHeard: "" } });
    app.judgeClips(voice);
  };

  /** Close, but ask before anything is lost that could not be had again. */
  app.leaveEditor = () => {
    const { editor } = store.state;
    if (!isUnsaved(editor)) return app.closeEditor();
    patch({ asking: !editor.asking });
    store.flush();
    document.querySelector(editor.asking ? ".voice-editor .modal-body" : ".ask button")?.focus();
    return undefined;
  };

  app.closeEditor = () => {
    const { editor } = store.state;
    clipCheck.stop();
    taken += 1;
    stopRecording(editor, false);
    stopPreview();
    app.silenceClips();
    editor?.avatar?.close?.();
    app.closed({ editor: null });
  };

  app.editFields = (fields) => {
    const { editor } = store.state;
    const next = { ...editor.fields, ...fields };
    if (!editor.voice) tabDrafts.write("voice-draft", next);
    patch({ fields: next, error: null });
  };

  // --- the clip ---

  /**
   * @param {Blob} blob the recording as it is
   * @param {string} name
   * @param {boolean} [recorded] whether it was made here: the browser's own format, decoded without loss
   */
  app.takeClip = async (blob, name, recorded = false) => {
    const mine = (taken += 1);
    const isMine = () => mine === taken && store.state.editor;
    patch({ decoding: true, clipError: null, error: null, result: null });
    try {
      const buffer = await decode(blob);
      if (!isMine()) return;
      const samples = mono(buffer);
      const rate = buffer.sampleRate;
      if (buffer.duration < SHORTEST) {
        patch({ decoding: false, clipError: { message: t("clip.too.short", { seconds: buffer.duration.toFixed(1) }) } });
        return;
      }
      const clip = { name, samples, rate, ...proposeSelection(samples, rate), source: recorded ? null : blob };
      patch({ decoding: false, clip: { ...clip, report: report(clip) } });
      if (!recorded) clipCheck.ask(store.state.editor.clip);
    } catch {
      await takeUnknown(blob, name, isMine);
    }
  };

  /** What this browser cannot decode, the service may; it says so at once. */
  async function takeUnknown(blob, name, isMine) {
    try {
      const verdict = await clipCheck.whole(blob);
      if (isMine()) patch({ decoding: false, clip: { name, raw: blob, verdict } });
    } catch (error) {
      if (isMine()) patch({ decoding: false, clipError: { message: t("clip.refused", { name, reason: error.message }) } });
    }
  }

  app.trimClip = ({ from, to }) => {
    const { clip } = store.state.editor;
    const next = { ...clip, from, to };
    clearTimeout(app.measuring);
    app.measuring = setTimeout(() => {
      const now = store.state.editor?.clip;
      if (!now?.samples) return;
      patch({ clip: { ...now, report: report(now) } });
      if (now.source) clipCheck.ask(store.state.editor.clip);
    }, 200);
    patch({ clip: { ...next, verdict: null }, error: null });
  };

  app.dropClip = () => {
    stopPreview();
    clipCheck.stop();
    taken += 1;
    patch({ clip: null, clipError: null });
  };

  app.record = async () => {
    try {
      const recorder = await startRecording({
        most: 60,
        onLevel: (seconds, level) => store.state.editor?.recording && patch({ recording: { ...store.state.editor.recording, seconds, level } }),
        onEnd(blob) {
          patch({ recording: null });
          if (blob) app.takeClip(blob, t("record.name"), true);
        },
      });
      patch({ recording: { recorder, seconds: 0, level: 0 }, clipError: null });
    } catch (error) {
      patch({ clipError: { message: t(recordingTrouble(error)) } });
    }
  };

  app.stopRecording = () => stopRecording(store.state.editor, true);

  function stopRecording(editor, keep) {
    editor?.recording?.recorder.stop(keep);
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
    if (!/^image\/(png|jpeg|webp|gif|bmp|avif)$/.test(file.type)) {
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
    const missing = missingIn(editor) ?? takenIn(editor, app.library.state.voices ?? []);
    if (missing) {
      patch({ error: missing });
      document.getElementById(missing.focus)?.focus();
      return;
    }
    stopPreview();
    app.silenceClips();
    patch({ busy: true, error: null });
    try {
      const form = await formOf(editor, app.library.state.voices ?? []);
      const record = await app.saveVoice(form, editor.voice);
      if (!editor.voice) tabDrafts.write("voice-draft", undefined);
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

/** Why a new voice cannot be called so: the other voice by its name, whoever made up the id. */
export function takenIn({ voice, fields }, voices) {
  if (voice) return null;
  const name = fields.model_name.trim();
  const typed = fields.model_id.trim();
  const byId = voices.find((one) => one.model_id === typed);
  if (typed && byId) return { message: t("editor.id.taken", { id: typed, name: byId.model_name }), focus: "e-id" };
  const same = (one) => one.model_name.normalize("NFKC").toLowerCase() === name.normalize("NFKC").toLowerCase();
  const byName = typed ? null : voices.find(same);
  return byName ? { message: t("editor.name.taken", { name: byName.model_name, id: byName.model_id }), focus: "e-name" } : null;
}

/** Whether closing would lose something: a clip, a picture, or what was changed of a voice that is there. */
export function isUnsaved(editor) {
  if (!editor || editor.result) return false;
  const files = editor.clip || editor.avatar || editor.recording || editor.clipsChanged;
  return Boolean(files || (editor.voice && JSON.stringify(editor.fields) !== editor.before));
}

/** An id made from a name; names without Latin letters get a number. */
export function idFrom(name, now = Date.now()) {
  const plain = name.normalize("NFKD").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase().slice(0, 48);
  return plain || `voice-${now.toString(36)}`;
}

async function formOf({ voice, fields, clip, avatar, clips, clipsChanged }, voices) {
  const form = new FormData();
  const text = fields.prompt_text.trim();
  const language = fields.prompt_language || guess(text) || "all_zh";
  if (!voice) form.set("model_id", fields.model_id.trim() || freeId(idFrom(fields.model_name), voices));
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
  if (clip) putClip(form, clip);
  putClips(form, { voice, clips, clipsChanged });
  if (avatar) form.set("avatar", await document.querySelector("avatar-crop").cut(), "avatar.png");
  else if (!voice) form.set("avatar", await initial(fields.model_name.trim(), hueOf(form.get("model_id"))), "avatar.png");
  return form;
}

/** The recording as it is, with the times of the cut, where the service takes it; else the cut as WAV. */
function putClip(form, clip) {
  if (clip.source && clip.verdict) {
    form.set("refer_wav", clip.source, clip.name);
    form.set("refer_start", String(clip.from));
    form.set("refer_end", String(clip.to));
  } else form.set("refer_wav", clip.raw ?? selectionWav(clip), clip.raw ? clip.name : "reference.wav");
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
