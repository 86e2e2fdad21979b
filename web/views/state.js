// What the service can do now, in a word and a tone.
import { listed, t } from "../lib/i18n.js";

/** Whether the engine starts, or loads the first weights: it will speak, and nothing has to be done for that. */
export function isStarting(health) {
  return health?.engine === "starting" || health?.engine === "restarting";
}

/** @returns {string[]} languages in which a sentence would not be spoken, of those that the service tells about */
export function silentLanguages(health) {
  return Object.entries(health?.languages ?? {}).filter(([, one]) => !one.ready).map(([language]) => language);
}

export function languageNames(languages) {
  return listed(languages.map((one) => t(`speaks.${one}`)));
}

/** @returns {{tone: "good" | "wait" | "warn" | "bad", text: string, more?: string}} */
export function stateOf({ connection, health, ready, refused }) {
  if (refused || connection === "refused") return { tone: "warn", text: t("state.refused") };
  if (connection === "offline") return { tone: "bad", text: t("state.offline") };
  if (!health) return { tone: "wait", text: t("state.connecting") };
  if (isStarting(health)) return { tone: "wait", text: t("state.starting") };
  if (ready && !ready.ok) return { tone: "warn", text: health.weights_loaded ? t("state.not.ready") : t("state.noweights") };
  const silent = silentLanguages(health);
  if (silent.length && silent.length === Object.keys(health.languages).length) return { tone: "warn", text: t("state.not.ready") };
  if (silent.length) return { tone: "warn", text: t("state.partly"), more: t("state.not.in", { languages: languageNames(silent) }) };
  return { tone: "good", text: t("state.ready") };
}
