// What this browser remembers: key, user, language, motion, how lists look.
import { languageOf, setLanguage } from "../lib/i18n.js";

const DEFAULTS = { key: "", user: "admin", language: "", motion: "system", voiceLayout: "cards", pageSize: 0, volume: 1 };

export function createSettings({ drafts, onChange }) {
  let values = { ...DEFAULTS, ...drafts.read("settings", {}) };

  function apply() {
    const language = languageOf(values.language, navigator.languages ?? []);
    setLanguage(language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.motion = values.motion;
  }

  apply();
  return {
    get values() {
      return values;
    },
    set(patch) {
      values = { ...values, ...patch };
      drafts.write("settings", values);
      drafts.flush();
      apply();
      onChange(patch);
    },
    reload() {
      const before = values;
      values = { ...DEFAULTS, ...drafts.read("settings", {}) };
      apply();
      onChange(values.key === before.key ? {} : { key: values.key });
    },
  };
}
