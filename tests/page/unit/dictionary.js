import { filledRows, problemsByRow, spokenEntry } from "/web/data/dictionary.js";
import { unwrap } from "/web/lib/api.js";

export function a_word_is_heard_as_ssml_in_which_its_signs_are_only_text({ equal }) {
  equal(
    spokenEntry({ word: ' A&B"<c> ', pronunciation: "EH1 [ <" }),
    '<speak><phoneme alphabet="x-gpt-sovits" ph="EH1 [ &lt;">A&amp;B&quot;&lt;c&gt;</phoneme></speak>',
  );
}

export function problems_come_to_the_row_that_was_sent({ equal }) {
  const rows = [{ key: 7, word: "", pronunciation: " " }, { key: 8, word: "a", pronunciation: "" }, { key: 9, word: "b", pronunciation: "x" }];
  const sent = filledRows(rows);
  const { found, others } = problemsByRow([{ field: "entries.1.word", message: "no" }, { field: "entries", message: "too many" }, { field: "entries.9.word", message: "lost" }], sent);
  equal(found, { 9: { word: "no" } });
  equal(others, ["too many", "lost"]);
}

export function an_error_carries_what_is_wrong_with_single_fields({ equal }) {
  const body = { code: 3, message: "m", data: { problems: [{ field: "entries.0.word", message: "theirs", code: "known", params: {} }, { field: "x", message: "theirs", code: "unknown", params: {} }] } };
  try {
    unwrap(400, body, String, (code) => (code === "known" ? "ours" : ""));
  } catch (error) {
    equal(error.problems, [{ field: "entries.0.word", message: "ours" }, { field: "x", message: "theirs" }]);
    return;
  }
  throw new Error("nothing was thrown");
}
