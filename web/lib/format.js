// Numbers, times and lengths for people.

/** 75.25 -> "1:15", 3725 -> "1:02:05". */
export function clock(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return "0:00";
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** 4.237 -> "4.2 s", 94 -> "1:34". */
export function lasting(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** 1500 -> "1.5 kB", 1101600000 -> "1.10 GB": powers of ten, as the sites of the models and the command line count. */
export function bytes(count) {
  if (!Number.isFinite(count)) return "";
  const units = ["B", "kB", "MB", "GB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed([0, 1, 1, 2][unit])} ${units[unit]}`;
}

// Making a formatter costs more than using it a thousand times.
const formatters = new Map();
function formatter(Kind, language, options) {
  const name = `${Kind.name} ${language}`;
  if (!formatters.has(name)) formatters.set(name, new Kind(language, options));
  return formatters.get(name);
}

/** Unix seconds as "3 minutes ago" in the language of the page. */
export function ago(then, language, now = Date.now() / 1000) {
  const format = formatter(Intl.RelativeTimeFormat, language, { numeric: "auto", style: "short" });
  const past = Math.min(0, then - now);
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-past >= size) return format.format(Math.ceil(past / size), unit);
  }
  return format.format(0, "second");
}

/** Unix seconds as date and time. */
export function moment(then, language) {
  return formatter(Intl.DateTimeFormat, language, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(then * 1000));
}

export function count(value, language) {
  return formatter(Intl.NumberFormat, language).format(value);
}

const SYLLABLES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const WORDS = /[\p{L}\p{N}'’]+/gu;
const PAUSES = /[,.;:!?，。；：！？、…\n]+/g;

let counted = { text: "", total: 0 };

/** Characters as people count them: an emoji or a letter with accents is one. */
export function characters(text) {
  // Every rendering asks again, also while a sound plays; ten thousand characters take a while.
  if (text !== counted.text) counted = { text, total: countCharacters(text) };
  return counted.total;
}

function countCharacters(text) {
  if (typeof Intl.Segmenter !== "function") return Array.from(text).length;
  let total = 0;
  const pieces = formatter(Intl.Segmenter).segment(text)[Symbol.iterator]();
  while (!pieces.next().done) total += 1;
  return total;
}

/** Rough length of the speech in seconds, from common reading speeds; good to about a quarter. */
export function speechSeconds(text, speed = 1) {
  const syllables = text.match(SYLLABLES)?.length ?? 0;
  const words = text.replace(SYLLABLES, " ").match(WORDS)?.length ?? 0;
  const pauses = text.trim().match(PAUSES)?.length ?? 0;
  return (syllables * 0.21 + words * 0.36 + pauses * 0.25) / (speed || 1);
}

const HUES = [18, 42, 150, 172, 200, 262, 320, 345];

/** A colour that belongs to an id. */
export function hueOf(id) {
  const sum = [...id].reduce((total, char) => (total * 31 + char.codePointAt(0)) >>> 0, 7);
  return HUES[sum % HUES.length];
}

/** A name that a file system takes: no separators, no control characters, not empty. */
export function fileName(text, ending) {
  const safe = text.replace(/[\p{C}\\/:*?"<>|]+/gu, " ").trim().slice(0, 60).replace(/[. ]+$/, "");
  return `${safe || "audio"}.${ending}`;
}
