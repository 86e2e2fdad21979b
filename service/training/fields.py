"""What clients send for each kind of job: names and defaults of the interface that this one replaces."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from GPT_SoVITS.versions import LORA_RANKS
from service.identifiers import LONGEST, is_identifier

PRETRAINED = PurePosixPath("GPT_SoVITS/pretrained_models")
ROBERTA = str(PRETRAINED / "chinese-roberta-wwm-ext-large")
HUBERT = str(PRETRAINED / "chinese-hubert-base")
S2G = str(PRETRAINED / "gsv-v2final-pretrained/s2G2333k.pth")
S2D = str(PRETRAINED / "gsv-v2final-pretrained/s2D2333k.pth")
S1 = str(PRETRAINED / "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt")

Path = Annotated[str, Field(max_length=4096)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Device = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^[0-9\-,]*$",
        description="Numbers of devices. Taken for old clients: the worker's device computes.",
    ),
]
Epochs = Annotated[
    int, Field(ge=1, le=10_000, description="Epochs: of the whole training, or until weights are saved.")
]
Batch = Annotated[int, Field(ge=1, le=256, description="Recordings in a step.")]
Tool = Annotated[
    str,
    Field(
        max_length=64, pattern=r"^[A-Za-z0-9_.\-]*$", description="Ends the routing key of the message about the end."
    ),
]


class TrainingFields(BaseModel):
    """Common to all: unknown fields of old clients are passed over."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    session_id: Name = Field(description="By this name the routes below `/gpt_sovits/jobs` know the job.")
    user_id: Name | None = Field(None, description="Whose job it is; users take turns. Default: the session.")

    @field_validator("session_id", "user_id")
    @classmethod
    def _printable(cls, name: str | None) -> str | None:
        if name is not None and not is_identifier(name):
            raise ValueError("it should have printable characters only")
        return name


class OfUser(TrainingFields):
    """What belongs to an experiment of a user's."""

    user_id: Name = Field(description="Whose experiment it is.")
    exp_name: Name = Field(description="The experiment: its training folder is `logs/<exp_name>`.")


Target = Annotated[
    str,
    Field(
        max_length=4096,
        description="Folder for the results, within `output` or the datasets; empty: one in the dataset of the input.",
    ),
]


class SliceOptions(BaseModel):
    """How recordings are sliced."""

    threshold: int = Field(-34, ge=-120, le=0, description="dB below which it is silent.")
    min_length: int = Field(4000, ge=1, le=600_000, description="ms of a slice at least.")
    min_interval: int = Field(300, ge=1, le=60_000, description="ms of silence that part two slices.")
    hop_size: int = Field(10, ge=1, le=1000, description="ms from one measurement of loudness to the next.")
    max_sil_kept: int = Field(500, ge=0, le=60_000, description="ms of silence kept at the ends of a slice.")
    max: float = Field(0.9, gt=0, le=1, description="Peak that slices are scaled to.")
    alpha: float = Field(0.25, ge=0, le=1, description="How much of the scaled sound is mixed in.")
    n_parts: int = Field(4, ge=1, le=64, description="Processes at once at most.")


class AsrOptions(BaseModel):
    """What transcribes."""

    asr_model: str = Field("达摩 ASR (中文)", max_length=64, description="达摩 ASR (中文) or Faster Whisper (多语种).")
    asr_model_size: str = Field("large", max_length=32, pattern=r"^[A-Za-z0-9_.\-]+$", description="Size of the model.")
    asr_lang: str = Field("zh", max_length=16, pattern=r"^[a-z_]+$", description="Language: zh, yue, en, ja, ko, auto.")
    asr_precision: str = Field("float32", max_length=16, pattern=r"^[a-z0-9]+$", description="float32, float16, int8.")


class SliceRequest(TrainingFields, SliceOptions):
    """Slice recordings at silences."""

    inp: Path = Field(description="A recording, or a folder of recordings, on the server.")
    opt_root: Target = Field("")
    tool: Tool = Field("")


class DenoiseRequest(TrainingFields):
    """Take noise out of recordings."""

    denoise_inp_dir: Path = Field(description="Folder of recordings on the server.")
    denoise_opt_dir: Target = Field("")
    tool: Tool = Field("")


class AsrRequest(TrainingFields, AsrOptions):
    """Transcribe recordings into a list."""

    asr_inp_dir: Path = Field(description="Folder of recordings on the server.")
    asr_opt_dir: Target = Field("")
    tool: Tool = Field("")


Version = Literal["", "v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]


class FormatOptions(BaseModel):
    """With what features are made."""

    gpu_numbers1a: Device = Field("0-0")
    gpu_numbers1Ba: Device = Field("0-0")  # noqa: N815  (names of the interface)
    gpu_numbers1c: Device = Field("0-0")
    bert_pretrained_dir: Path = Field(ROBERTA, description="Folder of the text encoder.")
    ssl_pretrained_dir: Path = Field(HUBERT, description="Folder of HuBERT.")
    pretrained_s2G_path: Path = Field(S2G, description="SoVITS weights that quantise.")  # noqa: N815
    version: Version = Field(
        "", description="Model version; empty: that of the published weights named by pretrained_s2G_path, else v2."
    )


class FormatRequest(OfUser, FormatOptions):
    """Make the features that trainings need (1a, 1b, 1c)."""

    inp_text: Path = Field(description="List: `path|speaker|language|text` a line.")
    inp_wav_dir: Path = Field(description="Folder of the recordings; empty: as the list names them.")
    parts: list[Literal["1a", "1b", "1c"]] = Field([], max_length=3, description="Only these; empty: all.")


class ComputeOptions(BaseModel):
    """How a training computes."""

    precision: Literal["fp32", "fp16"] = Field(
        "fp32", description="fp16: products in half precision and a scaled loss, for Ascend."
    )
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that share every batch, on Ascend a device each; `training_processes` limits them. "
        "`batch_size` is that of one.",
    )


class SovitsOptions(ComputeOptions):
    """How SoVITS is trained."""

    if_save_latest: bool = Field(True, description="Keep one state to continue from, not one for each saved epoch.")
    if_save_every_weights: bool = Field(True, description="Write weights at each saved epoch.")
    batch_size: Batch = Field(3)
    total_epoch: Epochs = Field(8)
    text_low_lr_rate: float = Field(0.4, ge=0, le=1, description="Learning rate of the text encoder over the usual.")
    save_every_epoch: Epochs = Field(4)
    pretrained_s2G: Path = Field(S2G, description="Weights to begin with.")  # noqa: N815
    pretrained_s2D: Path = Field(S2D, description="Discriminators to begin with; v3 and v4 have none.")  # noqa: N815
    if_grad_ckpt: bool = Field(False, description="v3 and v4: compute again what would have to be kept.")
    lora_rank: int = Field(
        32, description="v3 and v4: rank of the LoRA; 0 trains all weights.", json_schema_extra={"enum": [*LORA_RANKS]}
    )

    @field_validator("lora_rank")
    @classmethod
    def _offered(cls, rank: int) -> int:
        if rank not in LORA_RANKS:
            raise ValueError(f"it should be one of {', '.join(map(str, LORA_RANKS))}")
        return rank


Trained = Annotated[
    Version,
    Field(
        description="Model version; empty: told by the weights. Published weights of v2, which are the default, become "
        "those of the version."
    ),
]


class SovitsRequest(OfUser, SovitsOptions):
    """Train SoVITS (tokens to audio)."""

    version: Trained = Field("")

    inp_path: Path = Field("", description="Training folder; empty: `logs/<exp_name>`.")
    gpu_numbers1Ba: Device = Field("0")  # noqa: N815


class GptRequest(OfUser, ComputeOptions):
    """Train the GPT (text to tokens)."""

    version: Trained = Field("")

    inp_path: Path = Field("", description="Training folder; empty: `logs/<exp_name>`.")
    batch_size: Batch = Field(3)
    total_epoch: Epochs = Field(15)
    if_dpo: bool = Field(True, description="Learn from rejected sequences too.")
    if_save_latest: bool = Field(True, description="Keep one state to continue from, not one for each saved epoch.")
    if_save_every_weights: bool = Field(True, description="Write weights at each saved epoch.")
    save_every_epoch: Epochs = Field(5)
    gpu_numbers: Device = Field("0")
    pretrained_s1: Path = Field(S1, description="Weights to begin with.")


class OneClickRequest(OfUser, SliceOptions, AsrOptions, FormatOptions, SovitsOptions):
    """From recordings to a voice: slice, denoise, transcribe, make features, train SoVITS, train the GPT."""

    inp: Path = Field(description="A recording, or a folder of recordings, on the server.")
    tool: Tool = Field("")
    gpu_numbers1Ba_Ba: Device = Field("0")  # noqa: N815
    batch_size_Bb: Batch = Field(3)  # noqa: N815
    total_epoch_Bb: Epochs = Field(15)  # noqa: N815
    if_dpo: bool = Field(True, description="Learn from rejected sequences too, in the GPT's training.")
    save_every_epoch_Bb: Epochs = Field(5)  # noqa: N815
    gpu_numbers: Device = Field("0")
    pretrained_s1: Path = Field(S1, description="GPT weights to begin with.")


class Uvr5Request(TrainingFields):
    """Separate a voice from music and echo."""

    model_name: str = Field(min_length=1, max_length=128, description="The model, such as HP2_all_vocals.")
    input_root: Path = Field("", description="Folder of recordings on the server.")
    format0: str = Field("wav", pattern="^(wav|flac|mp3|m4a)$", description="Form of the results.")
    agg: int = Field(10, ge=0, le=20, description="How much is taken out.")
    vocal_root: Target = Field("", description="Folder for the voices, as of `opt_root`.")
    ins_root: Target = Field("", description="Folder for everything else, as of `opt_root`.")
    paths: list[Path] | Path = Field("", description="Recordings beside those of the folder.")
    tool: Tool = Field("")
