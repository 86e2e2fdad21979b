"""Whether a sentence would be spoken now, by language, and what is lacking; everything that says "ready" asks here."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from GPT_SoVITS import _commands
from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineState, EngineStatus, Reference, WeightsPair
from GPT_SoVITS.resources import load_manifest
from GPT_SoVITS.text.installed import Lacking, lacking, languages_of
from GPT_SoVITS.text.languages import languages_in, narrowed
from service.errors import ParameterError, UnavailableError
from service.presence import Presence
from service.starter import language_of, languages_of_starter
from service.words import Said, said

_FOR_CHINESE = "roberta"
_PACKAGES_TRUSTED_S = 10.0
_LATEST = "v2"


class Asked(Protocol):
    """What a text asks for: an engine's request, or what becomes one."""

    @property
    def text(self) -> str:
        """To be spoken."""

    @property
    def language(self) -> str:
        """Its code."""

    @property
    def reference(self) -> Reference:
        """The voice."""

    @property
    def weights(self) -> WeightsPair | None:
        """What to speak with, where it is not the current ones."""

    @property
    def ref_free(self) -> bool:
        """Whether what is said in the reference does not matter."""


class Readiness:
    """Says what lacks, for all who ask whether something could be spoken. Threads may share it.

    Args:
        engine: Says its state and what it reads.
        presence: Says what is installed.
    """

    def __init__(self, engine: Engine, presence: Presence) -> None:
        self._engine, self._presence = engine, presence
        self._packages: dict[str, tuple[float, Lacking | None]] = {}
        self._lock = threading.Lock()

    def of_engine(self) -> Said | None:
        """Return why the engine speaks nothing at all now, None while it could."""
        status = self._engine.status()
        if status.state is EngineState.READY:
            return None
        state = status.state.value
        if status.state is EngineState.NO_WEIGHTS:
            command = _commands.module("GPT_SoVITS.resources", "fetch", "--version", _LATEST)
            return said("no_weights", detail=status.detail or "unconfigured", command=command)
        if status.detail:
            return said("engine_unavailable_because", state=state, detail=status.detail)
        return said("engine_unavailable", state=state)

    def by_language(self) -> dict[str, Said | None]:
        """Return each language that the current weights speak, with what it lacks."""
        status, whole = self._engine.status(), self.of_engine()
        spoken = languages_of(status.current.version if status.current else _LATEST)
        trained = languages_of_starter(status.current) or (status.current.languages if status.current else ())
        return {language: whole or self._lack(language, status, trained) for language in spoken}

    def meant(self, language: str, text: str, weights: WeightsPair | None) -> str:
        """Return the code of the language in which a text will be read: ``auto`` means the one that weights speak.

        Args:
            language: The code that was asked for.
            text: The text.
            weights: What it is spoken with; None for the current ones.
        """
        return narrowed(language, text, _trained(weights, self._engine.status()))

    def demand(self, request: Asked) -> str:
        """Refuse a text for the queue that nothing but an installation could make speakable.

        An engine that is starting is waited for; text and transcript are looked at. Returns the code of the language
        in which the text will be read.

        Raises:
            ParameterError: the weights that are meant were not trained to speak this.
            UnavailableError: see above; its code and message name the next step.
        """
        status = self._engine.status()
        if status.state is EngineState.CLOSED or (status.state is EngineState.NO_WEIGHTS and request.weights is None):
            self._refuse(self.of_engine())
        trained = _trained(request.weights, status)
        meant = narrowed(request.language, request.text, trained)
        text = languages_in(meant, request.text)
        reference, transcript = request.reference, tuple[str, ...]()
        if reference.text and not request.ref_free:
            transcript = languages_in(narrowed(reference.language, reference.text, trained), reference.text)
        _check_trained(text, trained, "language_not_trained")
        _check_trained(transcript, trained, "transcript_not_trained")
        for language in dict.fromkeys((*text, *transcript)):
            self._refuse(self._lack(language, status, trained))
        return meant

    def _refuse(self, lack: Said | None) -> None:
        if lack is not None:
            raise UnavailableError(lack)

    def _lack(self, language: str, status: EngineStatus, trained: Sequence[str]) -> Said | None:
        if trained and language not in trained:
            return said("language_not_trained", found=language, spoken=", ".join(trained))
        for name in status.needs:
            if (name != _FOR_CHINESE or language == "zh") and not self._presence.has(name):
                what = load_manifest().get(name).description["en"]
                command = _commands.module("GPT_SoVITS.resources", "fetch", name)
                return said("resource_missing", language=language, name=name, what=what, command=command)
        package = self._package(language)
        if package is None:
            return None
        return said("package_missing", language=language, name=package.name, command=package.command)

    def _package(self, language: str) -> Lacking | None:
        now = time.monotonic()
        with self._lock:
            known = self._packages.get(language)
        if known is None or now - known[0] > _PACKAGES_TRUSTED_S:
            known = (now, lacking(language))
            with self._lock:
                self._packages[language] = known
        return known[1]


def _check_trained(found: Sequence[str], trained: Sequence[str], code: str) -> None:
    foreign = [language for language in dict.fromkeys(found) if trained and language not in trained]
    if foreign:
        raise ParameterError(code, found=", ".join(foreign), spoken=", ".join(trained))


def _trained(weights: WeightsPair | None, status: EngineStatus) -> tuple[str, ...]:
    """Return the languages that the weights of a request were trained on, none for all or where it is not known."""
    if weights is None:
        return status.current.languages if status.current else ()
    own = language_of(weights)
    if own is not None:
        return (own,)
    return next((loaded.languages for loaded in status.loaded if loaded.weights == weights), ())


def told(by_language: Mapping[str, Said | None]) -> dict[str, Any]:
    """Return readiness by language as answers have it."""
    return {
        language: {"ready": lack is None}
        if lack is None
        else {"ready": False, "code": lack.code, "message": lack.text(), "params": dict(lack.params)}
        for language, lack in by_language.items()
    }
