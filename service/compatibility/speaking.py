"""What the dialects share: preset reference, speech from native fields, weights by path, restart and exit."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from anyio import to_thread
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from GPT_SoVITS.engine.messages import Reference, Streaming
from GPT_SoVITS.text.languages import languages_in
from service.container import Container
from service.errors import ForbiddenError, MissingError, ParameterError, TooLargeError
from service.http.dependencies import provided
from service.http.streaming import streamed, while_connected
from service.synthesis.requests import SAMPLING, SAMPLING_OPEN, Speakers, leaves_sampling_open
from service.synthesis.service import SaveAs, Speech, SynthesisService

NO_REFERENCE = "reference_unset"
MOST_VOICES = 1000
OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
OPENAI_VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"
)  # fmt: skip
"""Names that clients have built in; a stored voice or an alias of that name goes first."""
Fields = TypeVar("Fields", bound=BaseModel)


class Voice(Protocol):
    """A stored voice, as far as the dialects name it."""

    @property
    def model_id(self) -> str:
        """Its id."""

    @property
    def model_name(self) -> str:
        """Its name."""

    @property
    def language(self) -> str:
        """Code of the language in its clip."""


class VoiceNames(Protocol):
    """Where stored voices are found. Both methods block."""

    def newest(self, limit: int) -> Sequence[Voice]:
        """Return voices, newest first."""

    def find(self, name: str) -> str | None:
        """Return the id of the voice with this id or name; None when there is none."""


@dataclasses.dataclass(frozen=True)
class Preset:
    """The reference of requests that bring none."""

    path: str
    text: str | None = None
    language: str | None = None


def sampling_open(fields: BaseModel) -> dict[str, bool]:
    """Return the native field that says whether a request has nothing but its interface's defaults for sampling."""
    own = type(fields).model_fields
    defaults = {name: own[name].default for name in SAMPLING if name in own}
    return {SAMPLING_OPEN: leaves_sampling_open(vars(fields), defaults)}


def of_voice(model_id: str, reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the native fields of a stored voice; what a request says of the reference wins over the voice's own."""
    return {"model_id": model_id, **{name: value for name, value in reference.items() if value}}


class DialectSpeech:
    """Speech for every dialect. Used on one event loop.

    Args:
        container: The service's parts.
        synthesis: Speaks.
        speakers: Confines paths.
        voices: Finds voices by name.
        set_weights: Loads and makes current; its arguments are the GPT and SoVITS path, None for "as it is".
    """

    def __init__(
        self,
        container: Container,
        synthesis: SynthesisService,
        speakers: Speakers,
        voices: VoiceNames,
        set_weights: Callable[[str | None, str | None], Any],
    ) -> None:
        self._container, self._synthesis, self._speakers = container, synthesis, speakers
        self._voices, self._set_weights = voices, set_weights
        settings = container.settings
        self.how_to_cut = settings.default_cut
        given = settings.default_refer_path
        self._preset = (
            Preset(given, settings.default_refer_text or "", settings.default_refer_language or "zh") if given else None
        )

    @property
    def output_folder(self) -> Path:
        """Where results lie."""
        return self._container.folders.output

    async def offload(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run what blocks in a thread."""
        return await to_thread.run_sync(work, *arguments)

    def preset_reference(self, missing: str = NO_REFERENCE) -> dict[str, Any]:
        """Return the native fields of the preset reference.

        Raises:
            ParameterError: there is none; with the words of the code ``missing``.
        """
        if self._preset is None:
            raise ParameterError(missing)
        found = {
            "ref_wav_path": self._preset.path,
            "prompt_text": self._preset.text,
            "prompt_language": self._preset.language,
        }
        return {name: value for name, value in found.items() if value is not None}

    async def change_reference(self, path: str, text: str | None = None, language: str | None = None) -> None:
        """Preset another reference.

        Raises:
            ParameterError: the path lies outside the allowed folders.
            MissingError: there is no such file.
        """
        found = await to_thread.run_sync(self._speakers.confined, path)
        self._preset = Preset(str(found), text, language)

    async def set_weights(self, gpt: str | None = None, sovits: str | None = None) -> None:
        """Load weights and make them current.

        Raises:
            ServiceError: the path is not allowed, or the file is unusable; nothing has changed.
        """
        await self._set_weights(gpt, sovits)

    def control(self, command: str) -> None:
        """Restart or end the process, after the answer has left.

        Raises:
            ForbiddenError: the configuration does not allow it, or the server is another program's.
        """
        if not self._container.settings.allow_control:
            raise ForbiddenError("control_off")
        if self._container.end is None:
            raise ForbiddenError("control_foreign")
        self._container.restart = command == "restart"
        asyncio.get_running_loop().call_later(0.2, self._container.end)

    async def begin(
        self,
        fields: Mapping[str, Any],
        streaming: Streaming = Streaming.OFF,
        save_as: SaveAs | None = None,
    ) -> Speech:
        """Begin to speak.

        Args:
            fields: Native names, and those that the engine has beyond them: auxiliary, overlap_length,
                min_chunk_length.
            streaming: When audio leaves.
            save_as: Keep the result under these names.

        Raises:
            ServiceError: a field is wrong or something is missing.
            EngineError: the engine refused.
        """
        limit = self._container.settings.text_limit
        if len(fields["text"]) > limit:
            raise TooLargeError("text_too_long", found=len(fields["text"]), limit=limit)
        request = await self._synthesis.request(fields, owner="", streaming=streaming)
        more = ("overlap_length", "min_chunk_length")
        request = dataclasses.replace(request, **{name: fields[name] for name in more if name in fields})
        if fields.get("auxiliary"):
            request = dataclasses.replace(
                request, reference=await to_thread.run_sync(self._with_auxiliary, request.reference, fields)
            )
        return await self._synthesis.begin(request, save_as=save_as)

    def _with_auxiliary(self, reference: Reference, fields: Mapping[str, Any]) -> Reference:
        clips = tuple(str(self._speakers.confined(path)) for path in fields["auxiliary"])
        return dataclasses.replace(reference, auxiliary=clips)

    async def voices(self) -> Sequence[Voice]:
        """Return the stored voices, newest first."""
        return await to_thread.run_sync(self._voices.newest, MOST_VOICES)

    async def find_voice(self, name: str, text: str) -> str | None:
        """Return the id of the voice with this id, alias or name; None when there is none.

        Where a name of OpenAI's has no voice and the current weights speak few languages, the text chooses.
        """
        name = self._container.settings.voice_aliases.get(name, name)
        found = await to_thread.run_sync(self._voices.find, name)
        if found is None and name in OPENAI_VOICES:
            found = await to_thread.run_sync(self._stand_in, OPENAI_VOICES.index(name), text)
        return found

    async def voice_named(self, name: str, text: str) -> str:
        """Return the id of a voice.

        Raises:
            MissingError: no voice has this id, alias or name.
        """
        found = await self.find_voice(name, text)
        if found is None:
            raise MissingError("speaker_missing", voice=name, address="/v1/audio/voices")
        return found

    def _stand_in(self, number: int, text: str) -> str | None:
        """Return a voice for a name of OpenAI's: always the same one while the stored voices stay the same.

        Voices that come with the program speak one language each; only those of the text's language stand in then.
        """
        voices = self._voices.newest(MOST_VOICES)
        if self._speaks_few_languages():
            likeliest = languages_in("auto", text)[:1]
            voices = [each for each in voices if each.language.removeprefix("all_") in likeliest] or voices
        stored = sorted(voice.model_id for voice in voices)
        return stored[number % len(stored)] if stored else None

    def _speaks_few_languages(self) -> bool:
        """Return whether the current weights say which languages they were trained on: those of the program do."""
        current = self._container.engine.status().current
        return current is not None and bool(current.languages)

    def cutting(self) -> str:
        """Return how a text is cut where the interface has no word for it.

        The first of short pieces is soon heard. The program's own small voices repeat pieces of one word, such as the
        greeting of a sentence, so they are given whole sentences.
        """
        return "cut1" if self._speaks_few_languages() else "cut5"

    def model_names(self) -> list[str]:
        """Return what a client may call the model: the version that is current, and a name for whatever it is."""
        current = self._container.engine.status().current
        return ["gpt-sovits", *([f"gpt-sovits-{current.version}"] if current else []), *OPENAI_MODELS]


DialectsDep = Annotated[DialectSpeech, Depends(provided(DialectSpeech))]


_WORDS = {
    400: "What is wrong.",
    401: "An API key is missing or wrong.",
    403: "Switched off in the configuration, or asked by a page of another site.",
    404: "There is no such thing.",
    405: "The address does not take this method.",
    413: "Over a limit, which the message names.",
    429: "Too often.",
    500: "The server failed.",
    503: "Not possible now, later perhaps.",
}


def declared(*statuses: int, example: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return how a dialect's errors are declared in the OpenAPI document."""
    content = {"application/json": {"schema": {"type": "object"}, "example": dict(example)}}
    return {status: {"description": _WORDS[status], "content": content} for status in sorted(statuses)}


async def audio_answer(
    dialects: DialectSpeech,
    fields: Mapping[str, Any],
    form: str,
    request: Request,
    *,
    streaming: Streaming = Streaming.OFF,
    content_type: str = "audio/wav",
) -> Response:
    """Return speech as an answer: one file, or streamed while it is made."""
    speech = await while_connected(request, dialects.begin(fields, streaming))
    if streaming is not Streaming.OFF:
        return await streamed(speech.encoded(form), content_type, request)
    return Response(await while_connected(request, speech.file(form)), media_type=content_type)


def parse(kind: type[Fields], query: QueryParams) -> Fields:
    """Return the fields of a query; of a name that is given several times, lists take all values.

    Raises:
        RequestValidationError: a field is wrong.
    """
    lists = {name for name, field in kind.model_fields.items() if "list" in str(field.annotation)}
    values = {name: query.getlist(name) if name in lists else query[name] for name in query}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from None
