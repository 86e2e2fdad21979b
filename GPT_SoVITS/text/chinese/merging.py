"""Joining words before the tone rules, which look at one word at a time.

jieba often leaves 不, 一, 儿 and monosyllables alone; a rule about 不怕 or 好喜欢 must see both parts in one word.
Every function takes and returns a list of words; the tag of a joined word is that of its first part, except after 不.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from GPT_SoVITS.text.chinese import dictionary
from GPT_SoVITS.text.chinese.words import Word

_LONGEST = 3  # characters of a word joined for the third tone

Words = list[Word]


def join_bu(words: Words) -> Words:
    """Join 不 with the word behind it, whose tag stays: 不 + 怕 (v) is 不怕 (v)."""
    joined: Words = []
    previous = ""
    for text, tag in words:
        if previous == "不":
            text = previous + text
        if text != "不":
            joined.append(Word(text, tag))
        previous = text
    if previous == "不":
        joined.append(Word(previous, "d"))
    return joined


def join_yi(words: Words) -> Words:
    """Join 一 between two equal verbs (听一听), then a remaining 一 with the word behind it."""
    return _join_yi_forward(_join_yi_between(words))


def _join_yi_between(words: Words) -> Words:
    joined: Words = []
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        between = word.text == "一" and joined and following and joined[-1] == following and following.tag == "v"
        if between:
            joined[-1] = Word(f"{joined[-1].text}一{joined[-1].text}", "v")
            index += 2
        else:
            joined.append(word)
            index += 1
    return joined


def _join_yi_forward(words: Words) -> Words:
    joined: Words = []
    for word in words:
        if joined and joined[-1].text == "一":
            joined[-1] = Word("一" + word.text, joined[-1].tag)
        else:
            joined.append(word)
    return joined


def join_repeated(words: Words) -> Words:
    """Join a word with its repetition: 看 + 看 is 看看."""
    joined: Words = []
    for word in words:
        if joined and joined[-1].text == word.text:
            joined[-1] = Word(joined[-1].text * 2, joined[-1].tag)
        else:
            joined.append(word)
    return joined


def all_third(finals: Sequence[str]) -> bool:
    """Whether every final has the third tone."""
    return all(final[-1] == "3" for final in finals)


def join_all_third(words: Words) -> Words:
    """Join two words that consist of third tones only, up to three characters."""
    return _join_third(words, lambda first, second: all_third(first) and all_third(second))


def join_touching_third(words: Words) -> Words:
    """Join two words of which the first ends and the second begins with a third tone, up to three characters."""
    return _join_third(words, lambda first, second: first[-1][-1] == "3" and second[0][-1] == "3")


def _join_third(words: Words, touches: Callable[[Sequence[str], Sequence[str]], bool]) -> Words:
    finals = [dictionary.read(word.text)[1] for word in words]
    joined = words[:1]
    was_joined = False
    for index in range(1, len(words)):
        before, word = words[index - 1], words[index]
        try:
            fits = touches(finals[index - 1], finals[index]) and not was_joined
        except IndexError:  # a syllable without a final (嗯): the official program then leaves the whole piece alone
            return words
        was_joined = fits and not is_repetition(before.text) and len(before.text) + len(word.text) <= _LONGEST
        if was_joined:
            joined[-1] = Word(joined[-1].text + word.text, joined[-1].tag)
        else:
            joined.append(word)
    return joined


def is_repetition(word: str) -> bool:
    """Whether a word is one character twice; its second syllable will be neutral."""
    return len(word) == 2 and word[0] == word[1]


def join_er(words: Words) -> Words:
    """Join 儿 with the word before it."""
    groups: list[list[str]] = []
    tags: list[str] = []
    for text, tag in words:
        if groups and text == "儿":
            groups[-1].append(text)
        else:
            groups.append([text])
            tags.append(tag)
    return [Word("".join(group), tag) for group, tag in zip(groups, tags, strict=True)]


STEPS = (join_bu, join_yi, join_repeated, join_all_third, join_touching_third, join_er)


def join_words(words: Words) -> Words:
    """Apply all steps in the order that the tone rules expect."""
    for step in STEPS:
        words = step(words)
    return words
