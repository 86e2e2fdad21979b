"""All settings of the service: command line over environment over configuration file over default."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.resources.pairing import WEIGHTS_ROOTS
from GPT_SoVITS.text import resources, userdict
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language
from GPT_SoVITS.versions import NEWEST
from service.addresses import is_loopback
from service.settings_problems import in_words
from service.settings_problems import report as report
from service.settings_sources import ENVIRONMENT as ENVIRONMENT
from service.settings_sources import PREFIX as PREFIX
from service.settings_sources import Environment, File, OldFile, origin_of
from service.settings_sources import SettingsError as SettingsError
from service.settings_sources import read_config as read_config

MEBIBYTE = 1 << 20
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: str | float) -> float:
    """Return seconds from seconds or from text such as 30m, 2h, 1d.

    Raises:
        ValueError: it is neither.
    """
    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is no duration; write seconds, or a number with s, m, h, d or w, such as 30m")
    return float(match[1]) * _UNITS[match[2].lower()]


_SCHEMES = {"database_url": ("sqlite", "postgresql"), "broker": ("amqp", "amqps")}
"""What addresses begin with, where a driver can come after a plus."""


class Settings(BaseSettings):
    """What can be set. Every field is also ``GPT_SOVITS_<NAME>`` in the environment and a key of the file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True)

    config: Path | None = Field(None, description="Configuration file, YAML or TOML, with these names as keys.")

    # --- where ---
    host: str = Field("0.0.0.0", description="Address to listen on; 127.0.0.1 for this machine alone.")  # noqa: S104
    port: int = Field(9881, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    root: Path = Field(
        Path(__file__).resolve().parents[1],
        description="Folder that holds audio/, task/, done/, error/, output/, Logs/ and the lists of voices.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="SQLAlchemy address such as postgresql+psycopg://user:password@host/name; "
        "default: the file service.db in the root folder.",
    )

    broker: SecretStr | None = Field(
        None,
        description="Address of RabbitMQ, amqp://user:password@host:5672/vhost; default: no broker. "
        "Needs the extra broker; see SCALING.md.",
    )

    objects_url: str | None = Field(
        None,
        description="Where copies of large results and clips lie, s3://bucket/prefix; clients are sent there by signed "
        "addresses. Default: files are sent from the root folder. Needs the extra s3; see SCALING.md.",
    )
    objects_seconds: float = Field(900.0, gt=0, description="How long such an address is valid.")
    files_url: str | None = Field(
        None, description="Store of files, s3://bucket/prefix, for machines that share no root folder; see SCALING.md."
    )
    files_space_mb: int = Field(20_480, gt=0, description="MiB that copies from there may take in the root folder.")

    # --- engine ---
    engine: bool = Field(
        True, description="Speak in this process; otherwise workers with an engine speak for it, by the broker."
    )
    device_target: Literal["Ascend", "CPU"] | None = Field(
        None, description="Device to compute on; default: Ascend where it works, else CPU."
    )
    device_id: int = Field(0, ge=0, description="Number of the Ascend device.")
    precision: Literal["float32", "float16", "int8"] = Field("float16", description="How weights are held.")
    cfm_products: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What the sampler of v3 and v4 multiplies; auto: bfloat16 where the processor has instructions for "
        "it and precision is not float32. Sums are float32 always.",
    )
    decode_backend: Literal["auto", "native", "jit"] = Field("auto", description="What computes decoding steps.")
    threads: int = Field(0, ge=0, description="CPU threads of the engine; 0 takes what the process may use.")
    max_rows: int = Field(16, ge=1, description="Sequences that share one decoding step.")
    memory_budget_mb: int = Field(0, ge=0, description="MiB for weights and caches; 0 is no limit.")
    warm_up: bool = Field(True, description="Compile everything before the first request.")
    gpt_path: str | None = Field(None, description="GPT weights; default: what gweight.txt names.")
    sovits_path: str | None = Field(None, description="SoVITS weights; default: what sweight.txt names.")
    hubert_path: str | None = Field(None, description="Folder of chinese-hubert-base.")
    bert_path: str | None = Field(None, description="Folder of chinese-roberta-wwm-ext-large.")
    starter: bool = Field(
        True,
        description="Speak with the small voice that comes with the program while no other weights are chosen or "
        "installed, and put its voices among the others once.",
    )
    load_timeout: float = Field(600.0, gt=0, description="Seconds that loading weights may take.")

    # --- limits ---
    upload_limit: int = Field(20 * MEBIBYTE, gt=0, description="Bytes of an uploaded file.")
    avatar_limit: int = Field(5 * MEBIBYTE, gt=0, description="Bytes of an uploaded avatar.")
    json_limit: int = Field(MEBIBYTE, gt=0, description="Bytes of a body that is not an upload.")
    archive_limit: int = Field(100 * MEBIBYTE, gt=0, description="Bytes of an imported voice, packed and unpacked.")
    text_limit: int = Field(10_000, gt=0, description="Characters of one task's text.")
    waiting_limit: int = Field(1_000, gt=0, description="Waiting tasks of one user.")
    connections: int = Field(
        4096, ge=32, description="Connections at once; fewer where the system allows fewer open files."
    )
    body_timeout: float = Field(60.0, gt=0, description="Seconds without a byte after which a body is given up.")
    rate_limit: float = Field(0.0, ge=0, description="Requests a second and client, in the long run; 0 is no limit.")
    rate_burst: int = Field(100, ge=1, description="Requests that a client may make at once above its rate.")
    failed_logins: int = Field(20, ge=1, description="Wrong API keys a minute from one address before it must wait.")

    # --- tasks ---
    retention: float = Field(
        604_800.0, ge=0, description="Age (7d, 12h, 30m or seconds) at which tasks are removed; 0 keeps them for ever."
    )
    task_attempts: int = Field(3, ge=1, description="Attempts at a task before it ends in an error.")
    concurrent_tasks: int = Field(8, ge=1, description="Tasks of the queue that are in the engine at once.")
    worker: bool = Field(
        True, description="Work on the queue in this process too; otherwise start the module service.worker beside it."
    )
    worker_notify: bool = Field(
        False, description="Wake workers of other processes at once by PostgreSQL's NOTIFY, not within a second."
    )
    device_first: str = Field(
        "speech", description="Kind of job that the others make room for on a shared device; empty treats all alike."
    )
    device_turn: float = Field(
        0.0,
        description="Time (30m, 2h or seconds) after which a kind that waits for the device gets it, and how long it "
        "keeps it; 0 lets it wait until the kind that goes first has nothing to do.",
    )
    shutdown_seconds: float = Field(10.0, ge=0, description="Seconds that running work may take after a stop signal.")

    # --- training ---
    dataset_root: Path = Field(Path("data"), description="Folder of datasets: recordings, slices and lists.")
    experiment_root: Path = Field(
        Path("logs"), description="Folder of training folders, one for each experiment, in the official layout."
    )
    recording_limit: int = Field(
        200 * MEBIBYTE, gt=0, description="Bytes of an uploaded recording for training, and of all in one request."
    )
    training_parallel: int = Field(1, ge=1, description="Training steps under way at once.")
    training_niceness: int = Field(
        15, ge=0, le=19, description="How much a training step gives way to others: 0 not at all, 19 most."
    )
    training_threads: int = Field(0, ge=0, description="CPU threads of a training step; 0 takes what it may use.")
    training_processes: int = Field(
        1, ge=1, le=64, description="Processes that one training may ask for (`processes`), on Ascend a device each."
    )
    training_turns: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether training takes turns with speech on the device, by device_first and device_turn; auto: on "
        "Ascend, while on the CPU it computes beside speech at its lower priority.",
    )
    training_sample_steps: int = Field(
        100, ge=0, description="Steps of a SoVITS training from one sample sound to the next; 0 for none."
    )

    # --- reading ---
    default_reading: Literal["natural", "official"] = Field(
        "natural",
        description="How texts are read: natural, or official for the official program's reading, faults included.",
    )

    user_dictionary: Path | None = Field(
        None,
        description="File of the installation's pronunciations, see READING.md; default: user_dictionary.tsv among the "
        "text resources where there is one, else in the root folder.",
    )

    # --- old clients ---
    default_cut: str = Field("cut5", description="Cutting method of GET / and POST /, whose clients do not name one.")
    default_refer_path: str | None = Field(
        None, description="Reference audio of old clients' requests that bring none; below one of audio_roots."
    )
    default_refer_text: str | None = Field(None, description="What is said in it.")
    default_refer_language: str | None = Field(None, description="Its language, by name or code.")
    allow_control: bool = Field(False, description="Let clients restart or end the service by /control.")

    # --- access ---
    trusted_proxies: tuple[str, ...] = Field((), description="Addresses or networks whose X-Forwarded-* count.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host names to answer to; default: all, but only local names when listening on loopback."
    )
    cors_origins: tuple[str, ...] = Field((), description="Origins whose pages may call the service; default: none.")
    signed_url_seconds: float = Field(86_400.0, gt=0, description="How long a signed address of a file is valid.")
    audio_roots: tuple[Path, ...] = Field(
        (Path("audio"), Path("output"), Path("done"), Path("data")),
        description="Folders in which reference audio may be named by path, beside those of --audio-root. Listening on "
        "loopback alone, also the root folder and the one in which the service was started.",
    )
    audio_root: tuple[Path, ...] = Field((), description="More such folders.")
    voice_aliases: dict[str, str] = Field(
        {}, description="Other names of voices, name to id, such as alloy: narrator; for OpenAI's clients."
    )
    weights_roots: tuple[Path, ...] = Field(
        WEIGHTS_ROOTS,
        description="Folders in which weights are looked for and may be named by path, beside those of --weights-root.",
    )
    weights_root: tuple[Path, ...] = Field((), description="More such folders; links may lead there.")

    # --- logs ---
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log on standard error.")

    @field_validator("retention", "signed_url_seconds", "device_turn", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> float:
        return parse_duration(value)

    @field_validator("voice_aliases", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(middle for _, middle, _ in pairs):
            raise ValueError(f"{value!r} has no form such as alloy=narrator,nova=anna")
        return {name.strip(): voice.strip() for name, _, voice in pairs}

    @field_validator(
        "trusted_proxies",
        "allowed_hosts",
        "cors_origins",
        "audio_roots",
        "audio_root",
        "weights_roots",
        "weights_root",
        mode="before",
    )
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            ipaddress.ip_network(address, strict=False)
        return value

    @field_validator("default_cut", mode="after")
    @classmethod
    def _cutting(cls, value: str) -> str:
        return resolve_cutting(value)

    @field_validator("default_refer_language", mode="after")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        return value and resolve_language(value, NEWEST)

    @field_validator("database_url", "broker", "objects_url", "files_url", mode="after")
    @classmethod
    def _address(cls, value: SecretStr | str | None, info: ValidationInfo) -> SecretStr | str | None:
        if value is None:
            return None
        scheme, mark, _ = (value.get_secret_value() if isinstance(value, SecretStr) else value).partition("://")
        if not mark:
            raise ValueError("it is no address; write it as docs/SETTINGS.md shows")
        known = _SCHEMES.get(info.field_name or "")
        if known and scheme.partition("+")[0] not in known:
            raise ValueError(f"its address begins with {' or '.join(f'{each}://' for each in known)}")
        return value

    @model_validator(mode="after")
    def _spoken_somewhere(self) -> Settings:
        if not self.engine and self.broker is None:
            raise ValueError("engine is off: give a broker, by which workers speak")
        return self

    @field_validator("root", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say who wins over whom."""
        return init_settings, Environment(settings_cls), File(settings_cls), OldFile(settings_cls)

    def within_root(self, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        """Return paths with the relative ones taken from the root folder."""
        return tuple(self.root / path for path in paths)

    @property
    def audio_places(self) -> tuple[Path, ...]:
        """Where reference audio may lie: folders, and the one of the clip that whoever starts the service has named."""
        named: tuple[Path, ...] = ()
        if self.default_refer_path:
            clip = Path(self.default_refer_path)
            named = (clip.parent if clip.parent != Path() else clip,)
        here = (self.root, Path.cwd()) if is_loopback(self.host) else ()
        return self.within_root((*self.audio_roots, *self.audio_root, *named, *here))

    @property
    def training_places(self) -> tuple[Path, ...]:
        """Where recordings, lists and training folders may be named by path."""
        return (*self.audio_places, *self.within_root((self.dataset_root, self.experiment_root)))

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may call the service, in the form in which they are compared."""
        return frozenset(origin.lower().rstrip("/") for origin in self.cors_origins)

    @property
    def weight_places(self) -> tuple[Path, ...]:
        """Where weights may lie: folders, and the files that whoever configures the service has named themselves."""
        named = tuple(Path(path) for path in (self.gpt_path, self.sovits_path) if path)
        own = (starter.FOLDER,) if self.starter else ()
        return self.within_root((*self.weights_roots, *self.weights_root, *own, *named))

    @property
    def dictionary(self) -> Path:
        """File of the installation's pronunciations; need not exist."""
        if self.user_dictionary is not None:
            return self.root / self.user_dictionary
        return resources.find("user_dictionary") or self.root / userdict.FILE

    def engine_settings(self, weights: WeightsPair | None) -> EngineSettings:
        """Return how the engine is set up."""
        return EngineSettings(
            weights=weights,
            hubert=self.hubert_path,
            roberta=self.bert_path,
            device_target=self.device_target,
            device_id=self.device_id,
            precision=self.precision,
            cfm_products=self.cfm_products,
            decode_backend=self.decode_backend,
            max_rows=self.max_rows,
            memory_budget_mb=self.memory_budget_mb,
            warm_up=self.warm_up,
            threads=self.threads,
            user_dictionary=str(self.dictionary),
        )


def load_settings(**given: Any) -> Settings:
    """Return the settings, with what the command line gave (None is not given).

    Raises:
        SettingsError: a value is wrong or a name in the configuration file is unknown.
    """
    known = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**known)
    except ValidationError as error:
        raise in_words(error, Settings.model_fields, lambda name: origin_of(name, known)) from None
