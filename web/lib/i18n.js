// Words in two languages. `{name}` is replaced; a number `n` chooses between `key_one` and `key`.
import en from "../i18n/en.js";
import zh from "../i18n/zh.js";

const BOOKS = { en, zh };
let language = "en";

export function languageOf(preference, browser = []) {
  if (preference in BOOKS) return preference;
  return browser.some((name) => name.toLowerCase().startsWith("zh")) && !browser[0]?.toLowerCase().startsWith("en") ? "zh" : "en";
}

export function setLanguage(name) {
  language = name in BOOKS ? name : "en";
}

export function currentLanguage() {
  return language;
}

export function t(key, values = {}) {
  const book = BOOKS[language];
  const chosen = values.n === 1 && `${key}_one` in book ? `${key}_one` : key;
  const text = book[chosen] ?? en[chosen] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
