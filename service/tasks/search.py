"""Finding tasks by what somebody remembers of them: text, pinyin, voice, id."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.jobs.records import Job
from service.pinyin import spellings
from service.speech.records import VOICE_NAME

MOST_SEARCHED = 5000
"""The newest tasks; what is older is found by its id."""
_PAGE = 500


@dataclass(frozen=True)
class Searched:
    """What a voice is called and what is said in its reference, which people remember too."""

    name: str
    transcript: str


Page = Callable[[int, int], tuple[list[Job], int]]
"""Number from 1 and size of a page -> tasks, newest first, and how many there are in all."""


def search_form(text: str) -> str:
    """Return a text as searches compare it: without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()


def search(words: str, page: Page, voice: Callable[[str], Searched | None]) -> list[Job]:
    """Return the tasks in which every word is found, newest first. Blocks.

    Args:
        words: Divided by spaces; a word is found in the text, the pinyin, the id, the voice or its transcript.
        page: Reads the tasks to be searched.
        voice: Returns what is known of a voice, None for one that is gone.
    """
    wanted = search_form(words).split()
    known: dict[str, Searched | None] = {}

    def voice_of(task: Job) -> Searched | None:
        model_id = str(task.request.get("model_id") or "")
        if model_id not in known:
            known[model_id] = voice(model_id) if model_id else None
        return known[model_id]

    return [task for task in _newest(page) if _matches(task, voice_of(task), wanted)]


def _newest(page: Page) -> Iterator[Job]:
    for number in range(1, MOST_SEARCHED // _PAGE + 1):
        tasks, total = page(number, _PAGE)
        yield from tasks
        if number * _PAGE >= total:
            return


def _matches(task: Job, voice: Searched | None, wanted: list[str]) -> bool:
    text = str(task.request.get("text", ""))
    name = voice.name if voice else str(task.request.get(VOICE_NAME, ""))
    plain = [text, name, voice.transcript if voice else "", task.job_id, str(task.request.get("model_id") or "")]
    forms = [search_form(each) for each in plain]
    spelt = [*spellings(text), *spellings(name)]
    return all(any(word in each for each in (*forms, *(spelt if word.isascii() else ()))) for word in wanted)
