"""Puts the pages together: from an address of the service to the main page and its further pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from webui.actions.choices import Choices
from webui.actions.dataset import Dataset
from webui.actions.labels import Labels
from webui.actions.opening import Opening
from webui.actions.running import Runner
from webui.actions.separating import Separating
from webui.actions.speech import Speech
from webui.actions.training import Training
from webui.jobs import Jobs
from webui.pages.main import Actions, main_page
from webui.pages.speech import ParallelSpeech, UsualSpeech, speech_page
from webui.pages.tools import label_page, separating_page
from webui.service import Service
from webui.serving import Door, Site
from webui.versions import Hardware
from webui.words import Words

LABEL, SEPARATE, SPEAK = 9871, 9873, 9872
"""Ports of the further pages, as in the official program."""


@dataclass(frozen=True)
class Setup:
    """What the pages are made for.

    Attributes:
        service: Does all work.
        words: The language.
        hardware: What batch sizes are chosen for.
        door: How pages are reached.
        admin: Address of the service's own page.
        root: Folder that the service's relative paths begin in, where it is on this machine.
        ports: Of the pages label, uvr5 and tts.
        poll_s: Seconds between two looks at running work.
    """

    service: Service
    words: Words
    hardware: Hardware
    door: Door
    admin: str
    root: Path | None = None
    ports: Mapping[str, int] | None = None
    poll_s: float = 1.0


@dataclass(frozen=True)
class Pages:
    """The pages.

    Attributes:
        main: The main page, not served yet.
        opening: Opens and closes the others.
        sites: The others by name: label, uvr5, tts, tts-parallel.
    """

    main: gr.Blocks
    opening: Opening
    sites: Mapping[str, Site]


def assembled(setup: Setup) -> Pages:
    """Return all pages."""
    words, service = setup.words, setup.service
    jobs = Jobs(service, setup.poll_s)
    runner = Runner(jobs, words)
    choices = Choices(service, words, setup.hardware)
    sites = _sites(setup, runner, choices)
    opening = Opening(words, sites, service, choices)

    def label() -> gr.Blocks:
        return label_page(words, Labels(service, words), lambda: opening.list_file)

    sites["label"] = Site(label, setup.door, _port(setup, "label", LABEL))

    def make(announced: dict[str, Any]) -> Actions:
        training = Training(runner, choices, announced)
        speech = Speech(service, choices, words)
        return Actions(choices, Dataset(runner, setup.root), training, opening, speech, runner)

    return Pages(main_page(words, setup.hardware, setup.admin, make), opening, sites)


def _sites(setup: Setup, runner: Runner, choices: Choices) -> dict[str, Site]:
    words, service = setup.words, setup.service

    def usual() -> gr.Blocks:
        return speech_page(words, choices, Speech(service, choices, words), UsualSpeech)

    def parallel() -> gr.Blocks:
        return speech_page(words, choices, Speech(service, choices, words), ParallelSpeech)

    def separate() -> gr.Blocks:
        return separating_page(words, Separating(runner))

    speak = _port(setup, "tts", SPEAK)
    return {
        "tts": Site(usual, setup.door, speak),
        "tts-parallel": Site(parallel, setup.door, speak),
        "uvr5": Site(separate, setup.door, _port(setup, "uvr5", SEPARATE)),
    }


def _port(setup: Setup, name: str, default: int) -> int:
    return (setup.ports or {}).get(name, default)
