import { encodeWav, statedRate } from "/web/lib/audio.js";
import { errorWords, setLanguage } from "/web/lib/i18n.js";
import errors from "/web/i18n/errors.js";
import { spokenIn } from "/web/lib/language.js";
import { unwrap } from "/web/lib/api.js";
import { createComposer, seedFits } from "/web/data/composer.js";
import { isUnsaved, takenIn } from "/web/data/editor.js";
import { grouped, percentOf, remaining } from "/web/data/install.js";
import { copyName, filterVoices, freeId } from "/web/data/library.js";
import { createOffers } from "/web/data/offers.js";

function storageOf(kept = new Map()) {
  return {
    get length() {
      return kept.size;
    },
    key: (i) => [...kept.keys()][i],
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

export function a_text_is_offered_to_other_tabs_alone({ equal }) {
  const storage = storageOf();
  let now = 1000;
  const first = createOffers({ storage, tab: "a", now: () => now });
  const second = createOffers({ storage, tab: "b", now: () => now });
  first.keep("Written in a.");
  equal(first.latest(), null);
  equal(second.latest().text, "Written in a.");
  second.decline(second.latest());
  equal(second.latest(), null);
  now += 1;
  first.keep("Written on.");
  equal(second.latest().text, "Written on.");
  first.keep("  ");
  equal(second.latest(), null);
}

export function old_offers_go({ equal }) {
  const storage = storageOf();
  let now = 1000;
  for (let i = 0; i < 20; i += 1) createOffers({ storage, tab: `t${i}`, now: () => (now += 1) }).keep(`text ${i}`);
  equal(storage.length < 11, true);
  now += 40 * 24 * 3600 * 1000;
  createOffers({ storage, tab: "late", now: () => now }).keep("x");
  equal(storage.length, 1);
}

function composerOf(post, now = () => 0) {
  const drafts = { read: (name, fallback) => fallback, write() {} };
  const offers = { keep() {}, latest: () => null, decline() {} };
  return createComposer({ api: { post }, drafts, tabDrafts: drafts, offers, settings: { values: { user: "u" } }, onChange() {}, now });
}

export async function the_same_text_is_not_added_twice_by_a_second_press({ equal }) {
  const sent = [];
  let now = 0;
  const composer = composerOf(async (path, body) => (sent.push(body), { task_id: `t${sent.length}` }), () => now);
  composer.set({ text: "Once.", voice: "v" });
  equal((await composer.submit()).task_id, "t1");
  now = 3000;
  equal(await composer.submit(), null);
  equal([composer.state.again, sent.length], [true, 1]);
  equal((await composer.submit({ anyway: true })).task_id, "t2");
  now = 60000;
  equal((await composer.submit()).task_id, "t3");
  composer.set({ text: "Another." });
  equal((await composer.submit()).task_id, "t4");
}

export function seeds_are_whole_numbers({ equal }) {
  equal(["", " 7 ", "0", "4294967295", 12].map(seedFits), [true, true, true, true, true]);
  equal(["abc", "-1", "1.5", "1e9", "99999999999999999"].map(seedFits), [false, false, false, false, false]);
}

export function a_text_takes_the_languages_of_its_letters({ equal }) {
  equal(spokenIn("all_zh", "你好 hello"), ["zh"]);
  equal(spokenIn("zh", "你好 hello"), ["zh", "en"]);
  equal(spokenIn("zh", "你好"), ["zh"]);
  equal(spokenIn("auto", "漢字とかな"), ["ja"]);
  equal(spokenIn("auto", "汉字 한글 abc"), ["zh", "ko", "en"]);
  equal(spokenIn("auto_yue", "你哋"), ["yue"]);
}

export function errors_are_told_in_the_words_of_the_page({ equal, throws, ok }) {
  setLanguage("zh");
  const body = { code: 2, message: "server words", data: { error: { code: "voice_exists", params: { model_id: "a", model_name: "甲" } } } };
  ok(throws(() => unwrap(409, body, String, errorWords)).message.includes("甲"));
  equal(throws(() => unwrap(409, { ...body, data: { error: { code: "from_the_future", params: {} } } }, String, errorWords)).message, "server words");
  equal(throws(() => unwrap(409, { ...body, data: { error: { code: "voice_exists", params: {} } } }, String, errorWords)).message, "server words");
  equal(throws(() => unwrap(422, { ...body, data: [{ field: "x", message: "y" }] }, String, errorWords)).message, "server words");
  equal(errorWords("constructor"), "");
  for (const [code, words] of Object.entries(errors)) ok(words.en && words.zh, code);
  const ended = { noun: "task", job_id: "t1", status: "done" };
  equal(errorWords("job_ended", ended), "任务 t1 已结束（已完成），无需取消。");
  setLanguage("en");
  ok(errorWords("job_ended", ended).includes("t1 has ended already (done)"));
  setLanguage("en");
}

export function a_taken_name_is_told_with_the_other_voice({ equal, ok }) {
  setLanguage("en");
  const voices = [{ model_id: "anna-1", model_name: "Anna" }];
  ok(takenIn({ voice: null, fields: { model_name: "ANNA ", model_id: "" } }, voices).message.includes("anna-1"));
  ok(takenIn({ voice: null, fields: { model_name: "x", model_id: "anna-1" } }, voices).message.includes("Anna"));
  equal(takenIn({ voice: null, fields: { model_name: "Anna", model_id: "other" } }, voices), null);
  equal(takenIn({ voice: voices[0], fields: { model_name: "Anna", model_id: "anna-1" } }, voices), null);
  equal([freeId("Anna", voices), freeId("anna-1", voices), copyName("Anna", voices), copyName("Eve", voices)], ["Anna", "anna-1-2", "Anna (2)", "Eve"]);
}

export function what_would_be_lost_is_asked_about({ equal }) {
  const fields = { model_name: "a" };
  const editor = { voice: null, fields, before: JSON.stringify(fields), clip: null };
  equal(isUnsaved(editor), false);
  equal(isUnsaved({ ...editor, clip: {} }), true);
  equal(isUnsaved({ ...editor, voice: {}, fields: { model_name: "b" } }), true);
  equal(isUnsaved({ ...editor, voice: {} }), false);
  equal(isUnsaved({ ...editor, clip: {}, result: {} }), false);
}

export function the_rate_of_a_wav_file_is_read({ equal }) {
  const check = async () => {
    const bytes = await encodeWav(new Float32Array(100), 8000).arrayBuffer();
    equal(statedRate(bytes), 8000);
    equal(statedRate(new ArrayBuffer(3)), null);
    equal(statedRate(new TextEncoder().encode("RIFF----WAVEfmt ").buffer), null);
  };
  return check();
}

export function voices_are_found_by_transcript_and_pinyin({ equal }) {
  const voices = [
    { model_id: "a", model_name: "小雨", prompt_text: "今天天气很好。", pinyin: ["xiaoyu", "xy"] },
    { model_id: "b", model_name: "Narrator", prompt_text: "The quick fox." },
  ];
  const ids = (name) => filterVoices(voices, { name }).map((voice) => voice.model_id);
  equal([ids("天气"), ids("xiao yu"), ids("XY"), ids("quick"), ids("nobody")], [["a"], ["a"], ["a"], ["b"], []]);
}

export function what_can_be_installed_is_sorted_and_counted({ equal }) {
  const one = (id, more) => ({ id, use: "synthesis", versions: [], languages: [], base: false, here: false, size: 100, fetched: 0, ...more });
  const all = [one("hubert", { base: true, fetched: 40 }), one("ja", { languages: ["ja"], size: null }), one("v3", { versions: ["v3"], here: true }), one("d", { use: "training" })];
  const found = grouped(all);
  equal([found.base, found.languages, found.others].map((group) => group.map(({ id }) => id)), [["hubert"], ["ja"], ["v3"]]);
  equal([remaining(all), grouped(null).base.length], [160, 0]);
  equal([percentOf({ done: 5, total: 10 }), percentOf({ done: 5, total: null }), percentOf(null)], [50, null, null]);
}
