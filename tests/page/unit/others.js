import { createApi, unwrap } from "/web/lib/api.js";
import { encodeWav, measure, peaks, proposeSelection } from "/web/lib/audio.js";
import { createDrafts } from "/web/lib/drafts.js";
import en from "/web/i18n/en.js";
import zh from "/web/i18n/zh.js";
import { languageOf, setLanguage, t } from "/web/lib/i18n.js";
import { createStore } from "/web/lib/store.js";
import { assignSlots, columnsThatFit, visibleRange } from "/web/lib/virtual.js";
import { createUndo } from "/web/data/undo.js";
import { filterVoices, loadingOf, pairOf } from "/web/data/library.js";
import { clipsOf, putClips, unfit } from "/web/data/more-clips.js";
import { languageNames } from "/web/views/state.js";
import { stepWords } from "/web/views/loading.js";
import { idFrom, missingIn } from "/web/data/editor.js";

export function subscribers_hear_of_many_changes_once({ equal }) {
  let run;
  const store = createStore({ a: 1 }, (callback) => (run = callback));
  const heard = [];
  store.subscribe((state) => heard.push(state.a));
  store.set({ a: 2 });
  store.set((state) => ({ a: state.a + 1 }));
  run();
  equal(heard, [3]);
  run = null;
  store.set({ a: 3 });
  equal(run, null);
}

export function languages_are_listed_as_a_sentence_has_them({ equal }) {
  const lists = [["en"], ["en", "ja"], ["en", "ja", "zh"]];
  const told = (language) => {
    setLanguage(language);
    return lists.map((languages) => t("starter.text", { languages: languageNames(languages) }).match(/voices, in (.*) only|只会说(.*?)，/)?.slice(1).find(Boolean));
  };
  equal(told("zh"), ["英语", "英语和日语", "英语、日语和中文"]);
  equal(told("en"), ["English", "English and Japanese", "English, Japanese and Chinese"]);
}

export function envelopes_are_opened_and_failures_speak({ equal, throws }) {
  equal(unwrap(200, { code: 0, message: "", data: { a: 1 } }, String), { a: 1 });
  const refused = throws(() => unwrap(409, { code: 2, message: "exists already", data: null }, String));
  equal([refused.message, refused.kind, refused.code, refused.status], ["exists already", "conflict", 2, 409]);
  equal(throws(() => unwrap(502, null, (status) => `status ${status}`)).message, "status 502");
}

export async function the_key_travels_in_a_header_only_when_there_is_one({ equal }) {
  const seen = [];
  let secret = "";
  const api = createApi({
    base: "http://host/app/",
    key: () => secret,
    words: { network: () => "down", status: String },
    fetch: async (url, { headers }) => {
      seen.push([url, headers.Authorization]);
      return new Response('{"code":0,"data":1}');
    },
  });
  await api.get("voice-tasks", { page: 1, user_id: "a b", status: "" });
  secret = "s";
  await api.get("voice-tasks");
  equal(seen, [["http://host/app/voice-tasks?page=1&user_id=a+b", undefined], ["http://host/app/voice-tasks", "Bearer s"]]);
}

export async function a_dead_network_is_an_error_of_its_own({ equal, rejects }) {
  const api = createApi({ base: "http://host/", key: () => "", words: { network: () => "down", status: String }, fetch: async () => { throw new TypeError("x"); } });
  const error = await rejects(api.get("x"));
  equal([error.kind, error.message], ["network", "down"]);
}

export function drafts_survive_a_reload_and_bad_storage({ equal }) {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  const first = createDrafts(storage, (callback) => callback());
  first.write("composer", { text: "你好" });
  equal(createDrafts(storage).read("composer", null), { text: "你好" });
  kept.set("gsv.composer", "{broken");
  equal(createDrafts(storage).read("composer", "fallback"), "fallback");
  const full = createDrafts({ getItem() { throw new Error(); }, setItem() { throw new Error(); }, removeItem() {} }, (callback) => callback());
  full.write("composer", 1);
  equal(full.read("composer", 0), 1);
}

export function both_languages_say_the_same_things({ equal, ok }) {
  equal(Object.keys(en).sort(), Object.keys(zh).sort());
  const blanks = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of Object.keys(en)) {
    equal([key, blanks(zh[key])], [key, blanks(en[key])]);
    ok(en[key].trim() && zh[key].trim(), key);
  }
}

export function words_are_filled_in_without_being_read_as_anything_else({ equal }) {
  setLanguage("en");
  equal(t("voice.deleted", { name: "<b>{name}</b> $&" }), "<b>{name}</b> $& was deleted.");
  equal(t("category.voices", { n: 1 }), "1 voice");
  equal(t("category.voices", { n: 2 }), "2 voices");
  equal(t("no.such.key"), "no.such.key");
  equal(languageOf("", ["zh-CN", "en"]), "zh");
  equal(languageOf("", ["en-US", "zh"]), "en");
  equal(languageOf("zh", ["en"]), "zh");
}

export function only_rows_near_the_window_exist({ equal, ok }) {
  equal(visibleRange({ count: 0, columns: 1, rowHeight: 80, top: 0, height: 800 }), { from: 0, to: 0 });
  equal(visibleRange({ count: 5000, columns: 1, rowHeight: 80, top: 0, height: 800 }), { from: 0, to: 13 });
  const middle = visibleRange({ count: 5000, columns: 3, rowHeight: 100, top: 50000, height: 1000 });
  ok(middle.from === 497 * 3 && middle.to === 513 * 3);
  equal(visibleRange({ count: 10, columns: 1, rowHeight: 80, top: 99999, height: 800 }).to, 10);
  equal(columnsThatFit(1000, 290, 16), 3);
  equal(columnsThatFit(100, 290, 16), 1);
}

export function cells_that_are_left_behind_are_taken_over({ equal, ok }) {
  const first = assignSlots(new Map(), ["a", "b", "c"]);
  equal([...first.values()], [0, 1, 2]);
  const second = assignSlots(first, ["b", "c", "d"]);
  equal([second.get("b"), second.get("c"), second.get("d")], [1, 2, 0]);
  equal([...assignSlots(first, ["c", "d", "e"]).values()], [2, 0, 1]);
  equal([...assignSlots(first, ["x", "y", "z"]).values()], [0, 1, 2]);
  // The cell with the focus is not taken over, and no two items share one.
  const third = assignSlots(first, ["x", "y", "z", "w"], 1);
  ok(![...third.values()].includes(1));
  equal(new Set(third.values()).size, 4);
}

export async function what_is_encoded_is_heard_again({ equal, ok }) {
  const rate = 16000;
  const samples = Float32Array.from({ length: rate * 4 }, (_, i) => 0.5 * Math.sin(i / 8));
  samples[10] = 3;
  const blob = encodeWav(samples, rate);
  equal(blob.size, 44 + samples.length * 2);
  const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await blob.arrayBuffer());
  equal(buffer.length, samples.length);
  ok(Math.abs(buffer.getChannelData(0)[1000] - samples[1000]) < 1e-3);
  ok(buffer.getChannelData(0)[10] > 0.99);
}

export function a_recording_is_measured({ ok }) {
  const rate = 16000;
  const loud = Float32Array.from({ length: rate * 4 }, (_, i) => (Math.floor(i / 4000) % 2 ? 0.4 * Math.sin(i / 5) : 0.0005 * Math.sin(i)));
  const good = measure(loud, rate);
  ok(good.seconds === 4 && good.snr > 30 && good.clipping === 0 && !good.silent);
  ok(measure(new Float32Array(rate * 4), rate).silent);
  ok(measure(Float32Array.from({ length: rate }, (_, i) => (i % 2 ? 1 : -1)), rate).clipping > 0.9);
  ok(Math.abs(peaks(loud, 10)[9] - 0.4) < 0.01);
}

export function the_proposed_part_of_a_long_recording_is_its_loudest({ ok, equal }) {
  const rate = 1000;
  const samples = new Float32Array(60 * rate);
  samples.fill(0.5, 30 * rate, 38 * rate);
  const { from, to } = proposeSelection(samples, rate);
  ok(Math.abs(from - 30) < 0.5 && to - from === 8);
  equal(proposeSelection(new Float32Array(5 * rate), rate), { from: 0, to: 5 });
}

export async function a_deed_waits_and_can_be_taken_back({ equal }) {
  const done = [];
  let due;
  const undo = createUndo({ onChange() {}, wait: (callback) => (due = callback), drop() {} });
  const deed = { label: "x", commit: async () => done.push("commit"), restore: () => done.push("restore"), failed: (error) => done.push(error.message) };
  undo.take(undo.put(deed));
  equal(done, ["restore"]);
  undo.put(deed);
  await due();
  equal(done, ["restore", "commit"]);
  undo.put({ ...deed, commit: async () => { throw new Error("in use"); } });
  await due();
  equal(done, ["restore", "commit", "restore", "in use"]);
  equal(undo.pending, []);
}

export function voices_are_found_by_name_id_and_category({ equal }) {
  const voices = [{ model_id: "a1", model_name: "Narrator", categories: ["books"] }, { model_id: "b2", model_name: "小雨", categories: [] }];
  const ids = (filter) => filterVoices(voices, filter).map((voice) => voice.model_id);
  equal(ids({ name: "NARR" }), ["a1"]);
  equal(ids({ name: "雨" }), ["b2"]);
  equal(ids({ name: "b2" }), ["b2"]);
  equal(ids({ category: "books" }), ["a1"]);
  equal(ids({}), ["a1", "b2"]);
}

export function what_the_engine_loads_is_known_from_several_sides({ equal }) {
  const load = { gpt: "g", sovits: "s", progress: 40, step: "reading" };
  equal(loadingOf({ loading: null, switching: null }, { engine: "ready" }), null);
  equal(loadingOf({ loading: null, switching: null }, null), null);
  equal(loadingOf({ loading: load, switching: null }, { engine: "ready" }), { progress: 40, step: "reading", gpt: "g", sovits: "s", starting: false, restarting: false });
  const early = loadingOf({ loading: null, switching: null }, { engine: "starting" });
  equal([early.progress, early.starting], [null, true]);
  const asked = loadingOf({ loading: null, switching: { gpt_model_path: "x" } }, { engine: "ready" });
  equal([asked.progress, asked.gpt], [null, "x"]);
  equal(pairOf({ current: { gpt: "a", sovits: "b" } }) === pairOf({ current: { gpt: "a", sovits: "c" } }), false);
  equal(pairOf({ current: null }) + pairOf(null), "");
  setLanguage("zh");
  const said = ["reading a.ckpt and b.pth", "packing a.ckpt", "loading HuBERT", "12 phonemes", "ready", "something new"];
  equal(said.map(stepWords), ["读取 a.ckpt + b.pth", "准备 a.ckpt", "加载 HuBERT", "预热", "就绪", "something new"]);
  setLanguage("en");
}

export function a_form_says_which_clips_stay({ equal }) {
  setLanguage("en");
  const said = (editor) => {
    const form = new FormData();
    putClips(form, editor);
    return [...form.entries()].map(([name, value]) => [name, value.name ?? value]);
  };
  const blob = new Blob(["x"]);
  const voice = { aux_refer_wav_urls: ["/audio/v/aux-1.wav", "/audio/v/aux-2.wav"] };
  const clips = clipsOf(voice);
  equal(said({ voice, clips, clipsChanged: false }), []);
  equal(said({ voice, clips: [], clipsChanged: true }), [["keep_aux_refer_wavs", ""]]);
  equal(said({ voice, clips: [clips[1], { key: "n", blob, name: "n.wav" }], clipsChanged: true }), [
    ["keep_aux_refer_wavs", "/audio/v/aux-2.wav"],
    ["aux_refer_wavs", "n.wav"],
  ]);
  equal(said({ voice: null, clips: [{ key: "n", blob, name: "n.wav" }], clipsChanged: true }), [["aux_refer_wavs", "n.wav"]]);
  equal([unfit(0.4) !== "", unfit(0.5), unfit(60), unfit(61) !== ""], [true, "", "", true]);
}

export function ids_come_from_names_and_gaps_are_named({ equal, ok }) {
  equal(idFrom("My Voice No. 1"), "my-voice-no-1");
  ok(/^[A-Za-z0-9_-]{1,64}$/.test(idFrom("小雨")));
  setLanguage("en");
  const fields = { model_name: "", model_id: "" };
  const clip = { samples: new Float32Array(1), from: 0, to: 5 };
  equal(missingIn({ voice: null, fields, clip: null }).focus, "clip-file");
  equal(missingIn({ voice: null, fields, clip: { ...clip, to: 11 } }).focus, "clip-file");
  equal(missingIn({ voice: null, fields, clip }).focus, "e-name");
  equal(missingIn({ voice: null, fields: { model_name: "x", model_id: "ä" }, clip }).focus, "e-id");
  equal(missingIn({ voice: null, fields: { model_name: "x", model_id: "" }, clip }), null);
}
