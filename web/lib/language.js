// Guessing the text language from its letters; always changeable, never sent without being shown.

export const LANGUAGES = ["all_zh", "en", "all_ja", "all_yue", "all_ko", "zh", "ja", "yue", "ko", "auto", "auto_yue"];
export const CUTS = ["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"];
const NAMES = { 中文: "all_zh", 英文: "en", 日文: "all_ja", 粤语: "all_yue", 韩文: "all_ko", 中英混合: "zh", 日英混合: "ja", 粤英混合: "yue", 韩英混合: "ko", 多语种混合: "auto", "多语种混合(粤语)": "auto_yue" };
const CUT_NAMES = { 不切: "cut0", 凑四句一切: "cut1", 凑50字一切: "cut2", "按中文句号。切": "cut3", "按英文句号.切": "cut4", 按标点符号切: "cut5" };

/** A code from a code or the Chinese name that old clients send. */
export function languageCode(name) {
  return NAMES[name] ?? name;
}

export function cutCode(name) {
  return CUT_NAMES[name] ?? name;
}

const CANTONESE = /[嘅咗喺唔佢哋啲嚟嗰冇咁乜嘢睇係喇啱瞓]/g;

/** The code of the reading that fits a text, or null when nothing can be said. */
export function guess(text) {
  const has = (pattern) => text.match(pattern)?.length ?? 0;
  const kana = has(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
  const hangul = has(/\p{Script=Hangul}/gu);
  const han = has(/\p{Script=Han}/gu);
  const latin = has(/[A-Za-z]{2,}/g);
  if (kana && hangul) return "auto";
  if (hangul && han > hangul) return "auto";
  if (kana) return latin ? "ja" : "all_ja";
  if (hangul) return latin ? "ko" : "all_ko";
  if (han) {
    const cantonese = has(CANTONESE) >= Math.max(1, han * 0.06);
    if (cantonese) return latin ? "yue" : "all_yue";
    return latin ? "zh" : "all_zh";
  }
  return latin || /[A-Za-z]/.test(text) ? "en" : null;
}

const HAN = /\p{Script=Han}/u;
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const HANGUL = /\p{Script=Hangul}/u;
const LATIN = /[A-Za-z]/;
const ALONE = { all_zh: "zh", en: "en", all_ja: "ja", all_yue: "yue", all_ko: "ko" };

/**
 * The languages that speaking a text takes; the service's `languages_in` decides by the same rule.
 * @param {string} code as in LANGUAGES
 * @returns {string[]} of zh, en, ja, ko, yue
 */
export function spokenIn(code, text) {
  if (ALONE[code]) return [ALONE[code]];
  const found = [];
  const han = code.endsWith("yue") ? "yue" : "zh";
  if (code.startsWith("auto")) {
    if (KANA.test(text)) found.push("ja");
    else if (HAN.test(text)) found.push(han);
    if (HANGUL.test(text)) found.push("ko");
  } else found.push(code);
  if (LATIN.test(text)) found.push("en");
  return found;
}
