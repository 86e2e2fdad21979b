// Words in two languages. `{name}` is replaced; a number `n` chooses between `key_one` and `key`.
import en from "../i18n/en.js";
import errors, { terms } from "../i18n/errors.js";
import * as training from "../i18n/training.js";
import zh from "../i18n/zh.js";

const BOOKS = { en: { ...en, ...training.en }, zh: { ...zh, ...training.zh } };
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
  return filled(book[chosen] ?? BOOKS.en[chosen] ?? key, values);
}

/** Names within a sentence: "one", "one and two", "one, two and three". @param {string[]} names */
export function listed(names) {
  return new Intl.ListFormat(language === "en" ? "en-GB" : language).format(names); // in en-US a comma is before "and"
}

/** Words for an error of the service by its code; "" where this page has none, or lacks what fills them. */
export function errorWords(code, params = {}) {
  const text = Object.hasOwn(errors, code) ? errors[code][language] : "";
  const named = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (!named.every((name) => params[name] !== undefined && params[name] !== null)) return "";
  return filled(text, Object.fromEntries(named.map((name) => [name, terms[name]?.[params[name]]?.[language] ?? params[name]])));
}

/** Why a task ended in an error, in the language of the page where its code is known; else in the service's words. */
export function endedBy(task) {
  return (task.error_said && errorWords(task.error_said.code, task.error_said.params)) || task.error;
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
