"""What goes into an engine and comes out of it: frozen, picklable, without MindSpore."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.t2s.sampling import SamplingParameters as SamplingParameters  # part of a request, for callers too
from GPT_SoVITS.versions import CFM_PRODUCTS, PRECISIONS, VERSIONS


class Priority(IntEnum):
    """Who goes first when not everybody can; within a priority, owners take turns."""

    INTERACTIVE = 0
    BATCH = 1


class Streaming(IntEnum):
    """When audio leaves; the numbers are the official ``streaming_mode``."""

    OFF = 0
    """A segment's audio in one chunk."""
    SEGMENTS = 1
    """As OFF; the name by which old clients ask for audio segment by segment."""
    TOKENS = 2
    """Chunks of tokens, cut at mute tokens where there are any."""
    TOKENS_FAST = 3
    """Chunks of tokens cut wherever their length is reached, which does not depend on the tokens."""


@dataclass(frozen=True)
class WeightsPair:
    """Paths of the two weight files that belong together."""

    gpt: str
    sovits: str


@dataclass(frozen=True)
class Reference:
    """The voice to speak in.

    Attributes:
        path: Audio file, 3 to 10 s, any format that soundfile or ffmpeg reads.
        text: What is said in it; "" speaks without a prompt (as ``ref_free``).
        language: Name or code of the text's language.
        auxiliary: More clips of the voice; only their timbre is used, averaged.
    """

    path: str
    text: str = ""
    language: str = "all_zh"
    auxiliary: tuple[str, ...] = ()


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class SynthesisRequest:
    """A text to be spoken.

    Attributes:
        text: Any length; cut into segments by ``how_to_cut``.
        language: Name or code of the text's language.
        reference: The voice.
        request_id: Names the request in events and in :meth:`Engine.cancel`.
        weights: What to speak with; None takes the current ones at the moment of acceptance.
        sampling: How tokens are chosen.
        sampling_open: Whether nobody has asked for that: weights that recommend something else use theirs.
        seed: Same seed, same audio, whatever else runs; None draws one, which :class:`Started` reports.
        speed: 0.25 to 4; 2 is twice as fast.
        how_to_cut: Name or code of a cutting method.
        reading: ``natural``, or ``official`` for what the official program reads, faults included.
        ref_free: Do not use the reference's text and tokens as a prompt, its timbre only.
        fragment_interval: Seconds of silence after each segment.
        streaming: When audio leaves.
        overlap_length: Tokens of overlap between streamed chunks.
        min_chunk_length: Tokens of the first chunks of a stream; later ones are up to 64 long.
        priority: Whether somebody waits for it.
        owner: Whose request it is; owners share the engine fairly.
        segments: Indices of the segments to speak, None for all; the audio of a segment does not depend on it.
        resends: How often at most it is sent again when the engine's process dies before any of its audio has left;
            for callers who count such deaths themselves.
        max_attempts: Seeds to try for a segment whose tokens are unusable.
        sample_steps: Diffusion steps; v3 and v4 only.
        super_sampling: Raise 24 kHz output to 48 kHz; v3 only.
    """

    text: str
    language: str
    reference: Reference
    request_id: str = field(default_factory=new_request_id)
    weights: WeightsPair | None = None
    sampling: SamplingParameters = field(default_factory=SamplingParameters)
    sampling_open: bool = False
    seed: int | None = None
    speed: float = 1.0
    how_to_cut: str = "cut1"
    reading: str = "natural"
    ref_free: bool = False
    fragment_interval: float = 0.3
    streaming: Streaming = Streaming.OFF
    overlap_length: int = 2
    min_chunk_length: int = 16
    priority: Priority = Priority.INTERACTIVE
    owner: str = ""
    segments: tuple[int, ...] | None = None
    resends: int = 3
    max_attempts: int = 3
    sample_steps: int = 32
    super_sampling: bool = False


@dataclass(frozen=True)
class Started:
    """The request was planned; the first event of every request that does not fail before.

    Attributes:
        request_id: Of the request.
        seed: The one in use.
        weights: The ones in use; a caller that repeats or resumes the request passes both back.
        version: Model version of the weights.
        sample_rate: Of all audio of the request, in Hz.
        segments: The text of every segment, also of those that were not asked for.
    """

    request_id: str
    seed: int
    weights: WeightsPair
    version: str
    sample_rate: int
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """Tokens of a segment so far; sent after decode steps, perhaps not after each.

    Attributes:
        request_id: Of the request.
        segment: Index in :attr:`Started.segments`.
        tokens: Semantic tokens (25 per second of speech at speed 1) so far in this attempt.
        expected: Estimate of how many it will be.
        attempt: 1 for the first.
    """

    request_id: str
    segment: int
    tokens: int
    expected: int
    attempt: int = 1


@dataclass(frozen=True)
class Retried:
    """An attempt at a segment was unusable and is repeated with another seed."""

    request_id: str
    segment: int
    attempt: int
    reason: str


@dataclass(frozen=True)
class AudioChunk:
    """The next audio; all chunks of a request, concatenated, are its result.

    Attributes:
        request_id: Of the request.
        segment: Whose audio it is; segments come in order. The silence after a segment belongs to it.
        samples: (N,) float32 within [-1, 1].
    """

    request_id: str
    segment: int
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class SegmentDone:
    """All audio of a segment has been sent.

    Attributes:
        request_id: Of the request.
        segment: Index in :attr:`Started.segments`.
        text: The segment's text.
        start: Seconds from the beginning of this request's audio to the segment's first sound.
        end: Seconds to the end of its speech, the silence after it not included.
        tokens: Semantic tokens spoken.
        attempts: How many seeds were tried.
        warning: Why the best attempt is still doubtful, and what of the text is not spoken; None when all is well.
    """

    request_id: str
    segment: int
    text: str
    start: float
    end: float
    tokens: int
    attempts: int = 1
    warning: str | None = None


@dataclass(frozen=True)
class Timings:
    """Seconds of computation that one request took (shared steps count in full)."""

    waiting: float = 0.0
    reference: float = 0.0
    text: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0
    vocoder: float = 0.0
    first_audio: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class Finished:
    """The request ended well; nothing follows."""

    request_id: str
    audio_seconds: float
    timings: Timings


@dataclass(frozen=True)
class Failed:
    """The request ended with an error; nothing follows."""

    request_id: str
    error: EngineError


@dataclass(frozen=True)
class Cancelled:
    """The request was cancelled; nothing follows."""

    request_id: str


Event: TypeAlias = Started | Progress | Retried | AudioChunk | SegmentDone | Finished | Failed | Cancelled
TERMINAL = (Finished, Failed, Cancelled)


@dataclass(frozen=True)
class LoadedWeights:
    """Weights that are in memory.

    Attributes:
        weights: Their files.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4.
        sample_rate: Of their audio, in Hz.
        memory_bytes: What they hold.
        in_use: Requests that are pinned to them.
        languages: Codes of the languages that they speak; empty for all of their version.
    """

    weights: WeightsPair
    version: str
    sample_rate: int
    memory_bytes: int = 0
    in_use: int = 0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadProgress:
    """Weights that are being loaded.

    Attributes:
        weights: Their files.
        fraction: How much of the work is done, 0 to 1.
        step: What is being done, in words.
    """

    weights: WeightsPair
    fraction: float
    step: str


class EngineState(Enum):
    """What an engine can do now."""

    STARTING = "starting"
    READY = "ready"
    NO_WEIGHTS = "no_weights"
    """Runs, but no usable weights are configured; :attr:`EngineStatus.detail` says why."""
    RESTARTING = "restarting"
    CLOSED = "closed"


@dataclass(frozen=True)
class EngineStatus:
    """An engine as it was a moment ago.

    Attributes:
        state: What it can do.
        detail: In words, for people: why it is not ready, or "".
        device: ``CPU`` or ``Ascend``, with number.
        decode_backend: In words: ``native fp16 (exact) on avx512dot`` or the like.
        sampler: What the sampler of v3 and v4 multiplies: ``bfloat16 products, float32 sums`` or the like; empty where
            the current weights have none.
        current: Weights of requests that name none.
        loaded: All weights in memory.
        active: Requests that are being spoken.
        waiting: Requests that are not planned yet.
        tokens_per_second: Of the last seconds, all requests together.
        memory_bytes: Resident memory of the engine process.
        pid: Its process id; None within the caller's process.
        restarts: How often it had to be started again.
        vocoder: ``native vocoder (avx512)`` or the like.
        loading: Weights that are being loaded, None while none are.
        needs: Ids of the resources (``GPT_SoVITS.resources``) that speech with the current weights reads beside them.
    """

    state: EngineState
    detail: str = ""
    device: str = "CPU"
    decode_backend: str = ""
    current: LoadedWeights | None = None
    loaded: tuple[LoadedWeights, ...] = ()
    active: int = 0
    waiting: int = 0
    tokens_per_second: float = 0.0
    memory_bytes: int = 0
    pid: int | None = None
    restarts: int = 0
    vocoder: str = ""
    sampler: str = ""
    loading: LoadProgress | None = None
    needs: tuple[str, ...] = ()


def networks_beside(version: str) -> tuple[str, ...]:
    """Return the ids of the resources that a version's speech reads beside its weights."""
    known = VERSIONS.get(version)
    if known is None:
        return "hubert", "roberta"
    more = ("speaker-verifier" if known.uses_speaker_verifier else "", known.vocoder_resource)
    return ("hubert", "roberta", *(name for name in more if name))


@dataclass(frozen=True)
class EngineSettings:
    """How an engine is set up.

    Attributes:
        weights: Loaded at start; None starts without.
        hubert: Folder of chinese-hubert-base; None looks where ``GPT_SoVITS.resources`` puts it.
        roberta: Folder of chinese-roberta-wwm-ext-large; likewise.
        speaker_verifier: File of the speaker verifier (Pro versions); likewise.
        bigvgan: File of the vocoder of v3; likewise.
        hifigan: File of the vocoder of v4; likewise.
        ap_bwe: File of the network that raises v3 to 48 kHz, ``config.json`` beside it; likewise.
        device_target: ``CPU`` or ``Ascend``; None takes Ascend where it works.
        device_id: Number of the Ascend device.
        precision: ``float32``, ``float16`` (weights as official files hold them; sums in float32) or ``int8``.
        cfm_products: What the sampler of v3 and v4 multiplies: ``auto``, ``float32`` or ``bfloat16``, see
            :data:`GPT_SoVITS.versions.CFM_PRODUCTS`.
        decode_backend: ``auto``, ``native`` or ``jit``.
        max_rows: Sequences that share a decode step.
        max_requests: Requests accepted before :class:`EngineBusyError`.
        memory_budget_mb: For weights and caches; least recently used weights are released above it. 0 is no limit.
        warm_up: Compile everything before the engine says it is ready.
        threads: CPU threads; 0 takes what the process may use.
        vocoder_backend: What makes audio of latent frames: ``auto``, ``native`` or ``jit`` (the compiled graph).
        user_dictionary: File of the installation's pronunciations, for an engine in a process of its own; None looks
            where ``GPT_SoVITS.text.userdict`` says.
    """

    weights: WeightsPair | None = None
    hubert: str | None = None
    roberta: str | None = None
    speaker_verifier: str | None = None
    bigvgan: str | None = None
    hifigan: str | None = None
    ap_bwe: str | None = None
    device_target: str | None = None
    device_id: int = 0
    precision: str = "float16"
    cfm_products: str = "auto"
    decode_backend: str = "auto"
    max_rows: int = 16
    max_requests: int = 1024
    memory_budget_mb: int = 0
    warm_up: bool = True
    threads: int = 0
    vocoder_backend: str = "auto"
    user_dictionary: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("precision", PRECISIONS), ("cfm_products", CFM_PRODUCTS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}, which is none of {', '.join(known)}")
