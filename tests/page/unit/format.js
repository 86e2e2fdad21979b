import { ago, bytes, characters, clock, fileName, hueOf, lasting, speechSeconds } from "/web/lib/format.js";

export function clocks_count_minutes_and_hours({ equal }) {
  equal(clock(0), "0:00");
  equal(clock(75.25), "1:15");
  equal(clock(3725), "1:02:05");
  equal(clock(NaN), "0:00");
  equal(clock(-3), "0:00");
}

export function lengths_below_a_minute_have_a_decimal({ equal }) {
  equal(lasting(4.237), "4.2 s");
  equal(lasting(94), "1:34");
  equal(lasting(undefined), "");
}

export function sizes_are_binary_units({ equal }) {
  equal(bytes(0), "0 B");
  equal(bytes(999), "999 B");
  equal(bytes(1500), "1.5 kB");
  equal(bytes(155_300_000), "155.3 MB");
  equal(bytes(1_101_600_000), "1.10 GB");
}

export function the_past_is_told_in_the_language_of_the_page({ equal }) {
  equal(ago(1000, "en", 1000 + 180), "3 min. ago");
  equal(ago(1000, "zh", 1000 + 7200), "2小时前");
  equal(ago(2000, "en", 1000), "now");
}

export function characters_are_what_people_see({ equal }) {
  equal(characters(""), 0);
  equal(characters("你好"), 2);
  equal(characters("👨‍👩‍👧e\u0301"), 2);
}

export function speech_takes_longer_with_more_text_and_shorter_with_speed({ ok, equal }) {
  ok(speechSeconds("今天天气很好。") > 1 && speechSeconds("今天天气很好。") < 3);
  ok(speechSeconds("one two three four five six") > 1.5);
  equal(speechSeconds("你好", 2) * 2, speechSeconds("你好", 1));
  equal(speechSeconds(""), 0);
}

export function file_names_hold_no_separators({ equal }) {
  equal(fileName("a/b\\c:d*?\"<>|\u0000e", "wav"), "a b c d e.wav");
  equal(fileName("  ", "mp3"), "audio.mp3");
  equal(fileName("x".repeat(200), "wav").length, 64);
}

export function a_colour_belongs_to_an_id({ equal, ok }) {
  equal(hueOf("narrator"), hueOf("narrator"));
  ok(new Set([..."abcdefgh"].map(hueOf)).size > 3);
}
