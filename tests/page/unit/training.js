import * as words from "/web/i18n/training.js";
import { placeOf, halves, shownLines } from "/web/data/labels.js";
import { firstPairs, referencesOf } from "/web/data/listening.js";
import { requestOf } from "/web/data/new-training.js";
import { curvesOf, nameFrom, sessionsOf } from "/web/data/training.js";
import { networkOf, nextRequest } from "/web/data/training-steps.js";
import { short, thinned, ticks } from "/web/elements/line-chart.js";

export function both_languages_say_the_same_things({ equal }) {
  const keys = (book) => Object.keys(book).filter((key) => !key.endsWith("_one")).sort();
  equal(keys(words.en), keys(words.zh));
  const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
  equal(keys(words.en).filter((key) => holes(words.en[key]) !== holes(words.zh[key])), []);
}

export function names_cannot_lead_elsewhere({ equal }) {
  equal(["../An/na ", "a:b|c", "...", "小 雨\n"].map(nameFrom), ["An na", "a b c", "", "小 雨"]);
}

export function a_session_is_shown_by_its_newest_job({ equal }) {
  const jobs = [{ session_id: "a", kind: "asr" }, { session_id: "b", kind: "slice" }, { session_id: "a", kind: "slice" }];
  equal(sessionsOf(jobs).map(({ session_id: id, kind }) => `${id} ${kind}`), ["a asr", "b slice"]);
}

export function curves_leave_out_what_is_no_number({ equal }) {
  const curves = curvesOf([
    { step: 1, losses: { mel: 2, kl: null }, learning_rate: 0.1, gradient_norm: null },
    { step: 2, losses: { mel: 1, kl: 3 }, learning_rate: 0.1 },
  ]);
  equal([...curves], [["mel", [[1, 2], [2, 1]]], ["learning_rate", [[1, 0.1], [2, 0.1]]], ["kl", [[2, 3]]]]);
}

export function thin_curves_keep_their_extremes({ equal }) {
  const points = Array.from({ length: 1000 }, (_, i) => [i, i === 500 ? 99 : i % 7]);
  const thin = thinned(points, 50);
  equal(thin.length <= 100, true);
  equal(thin.some(([, value]) => value === 99), true);
  equal(thin.every(([step], i) => i === 0 || step > thin[i - 1][0]), true);
  equal(thinned(points.slice(0, 10), 50).length, 10);
}

export function axes_have_round_numbers({ equal }) {
  equal(ticks(0, 10), [0, 5, 10]);
  equal(ticks(-0.3, 0.35).includes(0), true);
  equal(ticks(3, 3), [3]);
  equal([0.00012, 12.345, 0, 2000000].map(short), ["1.2e-4", "12.3", "0", "2.0e6"]);
}

export function texts_are_divided_between_words({ equal }) {
  equal(halves("one two three", 8), ["one two", "three"]);
  equal(halves("你好世界", 2), ["你好", "世界"]);
}

export function lists_are_found_in_their_dataset({ equal }) {
  const datasets = [{ name: "an", path: "data/an" }, { name: "anna", path: "data/anna" }];
  equal(placeOf("data/anna/asr-1/raw.list", datasets), { dataset: "anna", path: "asr-1/raw.list" });
  equal(placeOf("elsewhere/raw.list", datasets), null);
}

export function only_what_needs_a_look_can_be_shown({ equal }) {
  const line = (index, fields) => ({ index, text: "Hello", wrong: "", warnings: [], ...fields });
  const lines = [line(0), line(1, { warnings: ["length_unused"] }), line(2, { text: " " })];
  equal(shownLines(lines, { search: "", only: true }).map(({ index }) => index), [1, 2]);
  equal(shownLines(lines, { search: "hell", only: false }).map(({ index }) => index), [0, 1]);
}

export function a_step_reads_what_the_one_before_has_made({ equal }) {
  const made = (kind, job, path) => ({ kind, job, path });
  const session = { session_id: "s", user_id: "u", exp_name: "e", steps: [], artefacts: [made("folder", "slice", "data/s/slice-1")] };
  equal(nextRequest(session, "asr", "").fields.asr_inp_dir, "data/s/slice-1");
  equal(nextRequest(session, "format", ""), null);
  session.artefacts.push(made("folder", "denoise", "data/s/denoise-1"), made("list", "asr", "data/s/asr-1/x.list"));
  equal(nextRequest(session, "asr", "").fields.asr_inp_dir, "data/s/denoise-1");
  const format = nextRequest(session, "format", "v");
  equal([format.route, format.fields.inp_text, format.fields.user_id], ["open1abc", "data/s/asr-1/x.list", "v"]);
  equal(nextRequest(session, "gpt_train", ""), null);
  session.steps.push({ kind: "format", state: "done" });
  equal(nextRequest(session, "gpt_train", "").route, "gpt_train");
}

export function a_version_with_lora_is_trained_with_a_rank_and_stays_chosen({ equal }) {
  const session = { session_id: "s", user_id: "u", exp_name: null, steps: [{ kind: "format", state: "done", version: "v4" }], artefacts: [] };
  const { version, lora_rank: rank, total_epoch: epochs } = nextRequest(session, "sovits_train", "").fields;
  equal([version, rank, epochs], ["v4", 32, 2]);
  equal(nextRequest(session, "gpt_train", "").fields.version, "v4");
  const other = nextRequest(session, "sovits_train", "", networkOf(session, { version: "v2Pro" })).fields;
  equal([other.version, "lora_rank" in other, "total_epoch" in other], ["v2Pro", false, false]);
  equal(nextRequest(session, "sovits_train", "", networkOf(session, { rank: 0 })).fields.lora_rank, 0);
}

export function both_trainings_are_asked_for_the_precision_that_was_chosen({ equal }) {
  const session = { session_id: "s", user_id: "u", exp_name: null, steps: [{ kind: "format", state: "done" }], artefacts: [] };
  const asked = (chosen) => ["sovits_train", "gpt_train"].map((kind) => nextRequest(session, kind, "", networkOf(session, chosen)).fields.precision);
  equal(asked({ precision: "fp16" }), ["fp16", "fp16"]);
  equal(asked({}), [undefined, undefined]);
}

export function a_form_asks_for_epochs_that_are_saved({ equal }) {
  const fields = { name: " Anna ", folder: "", language: "en", engine: "Faster Whisper (多语种)", sovitsEpochs: 1, gptEpochs: 15, batch: 2, version: "v4", rank: 64, precision: "fp16" };
  const request = requestOf(fields, "data/Anna/raw", "");
  equal([request.exp_name, request.user_id, request.asr_model_size], ["Anna", "Anna", "large-v3"]);
  equal([request.save_every_epoch, request.save_every_epoch_Bb], [1, 5]);
  equal([request.version, request.lora_rank, request.precision], ["v4", 64, "fp16"]);
}

export function references_are_clips_of_three_to_ten_seconds({ equal }) {
  const line = (seconds, text = "x") => ({ url: "u", seconds, text });
  equal(referencesOf([line(2.9), line(3), line(10), line(10.1), line(5, " ")]).map(({ seconds }) => seconds), [3, 10]);
}

export function the_first_comparison_is_the_newest_with_the_oldest({ equal }) {
  const file = (network, epoch) => ({ network, epoch, path: `${network}${epoch}`, modified_at: 0 });
  equal(firstPairs([file("gpt", 5)]), null);
  equal(firstPairs([file("gpt", 15), file("gpt", 5), file("sovits", 8), file("sovits", 4)]), [
    { gpt: "gpt15", sovits: "sovits8" },
    { gpt: "gpt15", sovits: "sovits4" },
  ]);
}
