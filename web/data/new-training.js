// A training that is being set up: recordings, name, options; sending the files and starting the first job.
import { t } from "../lib/i18n.js";
import { recordingTrouble, startRecording } from "../lib/recorder.js";
import { nameFrom, start } from "./training.js";
import { epochsOf, fieldsOf } from "./training-steps.js";

const LONGEST_RECORDING = 600;
export const ENGINES = [
  { value: "达摩 ASR (中文)", languages: ["zh", "yue"], size: "large" },
  { value: "Faster Whisper (多语种)", languages: ["zh", "yue", "en", "ja", "ko", "auto"], size: "large-v3" },
];
const BLANK = { name: "", folder: "", language: "zh", engine: ENGINES[0].value, sovitsEpochs: 8, gptEpochs: 15, batch: 3, version: "v2", rank: 32, precision: "fp32" };

export const engineOf = (fields) => ENGINES.find(({ value }) => value === fields.engine) ?? ENGINES[0];

/** What a form sends. @returns {object} fields of one_click; those of a slice are among them */
export function requestOf(fields, folder, user) {
  const name = nameFrom(fields.name);
  return {
    session_id: name,
    exp_name: name,
    user_id: user || name,
    inp: folder,
    asr_model: fields.engine,
    asr_model_size: engineOf(fields).size,
    asr_lang: fields.language,
    ...fieldsOf(fields),
    batch_size: Number(fields.batch),
    batch_size_Bb: Number(fields.batch),
    total_epoch: Number(fields.sovitsEpochs),
    total_epoch_Bb: Number(fields.gptEpochs),
    save_every_epoch: Math.max(1, Math.min(4, Math.floor(fields.sovitsEpochs / 2))),
    save_every_epoch_Bb: Math.max(1, Math.min(5, Math.floor(fields.gptEpochs / 3))),
  };
}

/** What is missing before it can be started, in words; "" where nothing is. */
export function missingIn({ fields, files }, taken) {
  if (!files.length && !fields.folder.trim()) return t("new.need.recordings");
  const name = nameFrom(fields.name);
  if (!name) return t("new.need.name");
  return taken.includes(name) ? t("new.taken") : "";
}

export function createNewTraining({ api, settings, training, onChange, onStarted }) {
  const state = { open: false, fields: { ...BLANK }, files: [], recording: null, sending: null, error: null };
  const set = (fields) => {
    Object.assign(state, fields);
    onChange();
  };
  const taken = () => (training.state.sessions ?? []).map((one) => one.session_id);
  const warn = (event) => event.preventDefault();

  /** One file after the other: a service has a limit for each, and what has arrived need not be sent again. */
  async function sendFiles(name) {
    let folder = "";
    for (const [i, one] of state.files.entries()) {
      if (one.sent) {
        folder = one.sent;
        continue;
      }
      set({ sending: { name: one.file.name, percent: Math.round((100 * i) / state.files.length) } });
      const form = new FormData();
      form.append("files", one.file, one.file.name);
      const answer = await api.send("POST", `gpt_sovits/datasets/${encodeURIComponent(name)}/recordings`, form);
      one.sent = folder = answer.path;
    }
    return folder;
  }

  async function begin(route) {
    const missing = missingIn(state, taken());
    if (missing) return set({ error: { message: missing } });
    set({ sending: { name: "", percent: 0 }, error: null });
    window.addEventListener("beforeunload", warn);
    try {
      const name = nameFrom(state.fields.name);
      const folder = (await sendFiles(name)) || state.fields.folder.trim();
      await start(api, route, requestOf(state.fields, folder, settings.values.user));
      Object.assign(state, { open: false, fields: { ...BLANK }, files: [] });
      await training.load();
      onStarted(name);
    } catch (error) {
      state.error = error;
    } finally {
      window.removeEventListener("beforeunload", warn);
      set({ sending: null });
    }
    return undefined;
  }

  const add = (files) => set({ files: [...state.files, ...files.map((file) => ({ file, sent: "" }))], error: null });

  return {
    state,
    begin,
    add,
    toggle: (open) => set({ open, error: null }),
    drop: (gone) => set({ files: state.files.filter((one) => one !== gone) }),
    edit(fields) {
      const next = { ...state.fields, ...fields };
      if ("language" in fields && !engineOf(next).languages.includes(next.language)) {
        next.engine = ENGINES.find(({ languages }) => languages.includes(next.language)).value;
      }
      if ("version" in fields) next.sovitsEpochs = epochsOf(next.version);
      set({ fields: next, error: null });
    },
    async record() {
      try {
        const recorder = await startRecording({
          most: LONGEST_RECORDING,
          onLevel: (seconds, level) => state.recording && set({ recording: { ...state.recording, seconds, level } }),
          onEnd(blob) {
            set({ recording: null });
            const ending = blob?.type.includes("mp4") ? "m4a" : blob?.type.includes("ogg") ? "ogg" : "webm";
            if (blob) add([new File([blob], `${t("record.name")} ${state.files.length + 1}.${ending}`, { type: blob.type })]);
          },
        });
        set({ recording: { recorder, seconds: 0, level: 0 }, error: null });
      } catch (error) {
        set({ error: { message: t(recordingTrouble(error)) } });
      }
    },
    stop: () => state.recording?.recorder.stop(true),
  };
}
