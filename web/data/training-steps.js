// What the next run of a step would be asked for: each step reads what the one before it has made.
import { artefacts } from "./training.js";

export const VERSIONS = ["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"];
/** Ranks of a LoRA; 0 trains all weights. */
export const RANKS = [16, 32, 64, 128, 0];
export const PRECISIONS = ["fp32", "fp16"];
export const hasLora = (version) => version === "v3" || version === "v4";
/** Epochs of SoVITS, as the official page begins with them. */
export const epochsOf = (version) => (hasLora(version) ? 2 : 8);

/** What is trained: what was chosen, else what the session's jobs were asked for. */
export function networkOf(session, chosen) {
  const asked = session.steps.findLast((one) => one.version)?.version;
  return { version: asked ?? "v2", rank: 32, precision: "fp32", ...chosen };
}

/** Fields of both trainings: the version, and the precision where it is not the usual one. */
const sharedOf = ({ version, precision }) => ({ version, ...(precision === "fp16" ? { precision } : {}) });
/** Fields that say which network is trained, and how. */
export const fieldsOf = (network) => ({ ...sharedOf(network), ...(hasLora(network.version) ? { lora_rank: Number(network.rank) } : {}) });

const folderOf = (path) => path.slice(0, path.lastIndexOf("/"));

/** The folder of clips that later steps read: cleaned ones where there are some. */
export function clipsOf(session) {
  return (artefacts(session, "folder", "denoise").at(-1) ?? artefacts(session, "folder", "slice").at(-1))?.path ?? "";
}

/**
 * The request that runs a step; null while what it reads is not there.
 * @returns {{route: string, fields: object} | null}
 */
export function nextRequest(session, kind, user, network = networkOf(session)) {
  const common = { session_id: session.session_id, user_id: user || session.user_id };
  const experiment = { ...common, exp_name: session.exp_name || session.session_id };
  const epochs = hasLora(network.version) ? { total_epoch: epochsOf(network.version), save_every_epoch: 1 } : {};
  const slices = artefacts(session, "folder", "slice").at(-1)?.path;
  const clips = clipsOf(session);
  const listed = artefacts(session, "list").at(-1)?.path;
  const done = (step) => session.steps.some((one) => one.kind === step && one.state === "done");
  switch (kind) {
    case "denoise":
      return slices ? { route: "open_denoise", fields: { ...common, denoise_inp_dir: slices } } : null;
    case "asr":
      return clips ? { route: "open_asr", fields: { ...common, asr_inp_dir: clips } } : null;
    case "format":
      return listed ? { route: "open1abc", fields: { ...experiment, version: network.version, inp_text: listed, inp_wav_dir: clips || folderOf(listed) } } : null;
    case "sovits_train":
      return done("format") ? { route: "sovits_train", fields: { ...experiment, ...fieldsOf(network), ...epochs } } : null;
    case "gpt_train":
      return done("format") ? { route: "gpt_train", fields: { ...experiment, ...sharedOf(network) } } : null;
    default:
      return null;
  }
}
