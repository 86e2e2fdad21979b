import { cutCode, guess, languageCode } from "/web/lib/language.js";

export function scripts_tell_languages({ equal }) {
  equal(guess("今天天气很好。"), "all_zh");
  equal(guess("今天用Python写代码"), "zh");
  equal(guess("Good morning."), "en");
  equal(guess("今日はいい天気です"), "all_ja");
  equal(guess("今日はGitHubで働く"), "ja");
  equal(guess("안녕하세요"), "all_ko");
  equal(guess("안녕하세요 Python"), "ko");
  equal(guess("你食咗飯未呀？我哋去飲茶啦。"), "all_yue");
  equal(guess("今日は 안녕하세요"), "auto");
}

export function nothing_is_guessed_from_nothing({ equal }) {
  equal(guess(""), null);
  equal(guess("123 !?"), null);
}

export function old_names_are_codes({ equal }) {
  equal(languageCode("中文"), "all_zh");
  equal(languageCode("auto_yue"), "auto_yue");
  equal(cutCode("凑四句一切"), "cut1");
  equal(cutCode("cut5"), "cut5");
}
