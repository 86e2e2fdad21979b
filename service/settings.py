"""All settings of the service: command line over environment over configuration file over default."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair

PREFIX = "GPT_SOVITS_"
MEBIBYTE = 1 << 20
WEIGHTS_ROOTS = (
    *(
        Path(f"{kind}_weights{of}")
        for kind in ("GPT", "SoVITS")
        for of in ("", "_v2", "_v2Pro", "_v2ProPlus", "_v3", "_v4")
    ),
    Path("GPT_SoVITS/pretrained_models"),
)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class SettingsError(ValueError):
    """A setting is wrong; the message names it and where it came from."""


def parse_duration(value: str | float) -> float:
    """Return seconds from seconds or from text such as 30m, 2h, 1d.

    Raises:
        ValueError: it is neither.
    """
    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is no duration; write seconds, or a number with s, m, h, d or w, such as 30m")
    return float(match[1]) * _UNITS[match[2].lower()]


def _precision(is_half: str) -> str:
    return "float32" if is_half.strip().lower() in ("0", "false", "no", "off", "") else "float16"


def _as_it_is(value: str) -> str:
    return value


# Names that existing installations set, beside GPT_SOVITS_<NAME>, which wins; the first one set is taken.
ENVIRONMENT: Mapping[str, tuple[tuple[str, Callable[[str], str]], ...]] = {
    "host": (("infer_api_host", _as_it_is),),
    "port": (("infer_api_port", _as_it_is),),
    "device_id": (("infer_device_id", _as_it_is), ("ASCEND_DEVICE_ID", _as_it_is), ("DEVICE_ID", _as_it_is)),
    "retention": (("TASK_RETENTION_SECONDS", _as_it_is),),
    "gpt_path": (("gpt_path", _as_it_is),),
    "sovits_path": (("sovits_path", _as_it_is),),
    "hubert_path": (("cnhubert_base_path", _as_it_is),),
    "bert_path": (("bert_path", _as_it_is),),
    "precision": (("is_half", _precision),),
}


class _Environment(PydanticBaseSettingsSource):
    """Environment variables, by field name; an empty variable is none."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        names = [(PREFIX + field_name.upper(), _as_it_is), *ENVIRONMENT.get(field_name, ())]
        for name, convert in names:
            if value := os.environ.get(name):
                return convert(value), field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class _File(PydanticBaseSettingsSource):
    """The configuration file, YAML or TOML; its keys are the names of the fields."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get("config")
        return read_config(Path(path)) if path else {}


def read_config(path: Path) -> dict[str, Any]:
    """Return the content of a configuration file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            content: Any = importlib.import_module("tomllib").loads(text)
        else:
            content = yaml.safe_load(text) or {}
    except ImportError:
        raise SettingsError("TOML needs Python 3.11; write the configuration as YAML") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"the configuration file {path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"the configuration file {path} must hold names and values")
    return {str(name): value for name, value in content.items()}


class Settings(BaseSettings):
    """See the module. Every field is also ``GPT_SOVITS_<NAME>`` in the environment and a key of the file."""

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

    # --- engine ---
    device_target: Literal["Ascend", "CPU"] | None = Field(
        None, description="Device to compute on; default: Ascend where it works, else CPU."
    )
    device_id: int = Field(0, ge=0, description="Number of the Ascend device.")
    precision: Literal["float32", "float16", "int8"] = Field("float16", description="How weights are held.")
    decode_backend: Literal["auto", "native", "jit"] = Field("auto", description="What computes decoding steps.")
    threads: int = Field(0, ge=0, description="CPU threads of the engine; 0 takes what the process may use.")
    max_rows: int = Field(16, ge=1, description="Sequences that share one decoding step.")
    memory_budget_mb: int = Field(0, ge=0, description="MiB for weights and caches; 0 is no limit.")
    warm_up: bool = Field(True, description="Compile everything before the first request.")
    gpt_path: str | None = Field(None, description="GPT weights; default: what gweight.txt names.")
    sovits_path: str | None = Field(None, description="SoVITS weights; default: what sweight.txt names.")
    hubert_path: str | None = Field(None, description="Folder of chinese-hubert-base.")
    bert_path: str | None = Field(None, description="Folder of chinese-roberta-wwm-ext-large.")
    load_timeout: float = Field(600.0, gt=0, description="Seconds that loading weights may take.")

    # --- limits ---
    upload_limit: int = Field(20 * MEBIBYTE, gt=0, description="Bytes of an uploaded file.")
    avatar_limit: int = Field(5 * MEBIBYTE, gt=0, description="Bytes of an uploaded avatar.")
    json_limit: int = Field(MEBIBYTE, gt=0, description="Bytes of a body that is not an upload.")
    archive_limit: int = Field(100 * MEBIBYTE, gt=0, description="Bytes of an imported voice, packed and unpacked.")
    text_limit: int = Field(10_000, gt=0, description="Characters of one task's text.")
    waiting_limit: int = Field(1_000, gt=0, description="Waiting tasks of one user.")
    body_timeout: float = Field(60.0, gt=0, description="Seconds without a byte after which a body is given up.")
    rate_limit: float = Field(0.0, ge=0, description="Requests a second and client, in the long run; 0 is no limit.")
    rate_burst: int = Field(100, ge=1, description="Requests that a client may make at once above its rate.")
    failed_logins: int = Field(20, ge=1, description="Wrong API keys a minute from one address before it must wait.")

    # --- tasks ---
    retention: float = Field(604_800.0, gt=0, description="Age (7d, 12h, 30m or seconds) at which tasks are removed.")
    task_attempts: int = Field(3, ge=1, description="Attempts at a task before it ends in an error.")
    concurrent_tasks: int = Field(8, ge=1, description="Tasks of the queue that are in the engine at once.")
    shutdown_seconds: float = Field(10.0, ge=0, description="Seconds that running work may take after a stop signal.")

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
        description="Folders in which reference audio may be named by path.",
    )
    weights_roots: tuple[Path, ...] = Field(
        WEIGHTS_ROOTS,
        description="Folders in which weights are looked for and may be named by path.",
    )

    # --- logs ---
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log on standard error.")

    @field_validator("retention", "signed_url_seconds", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> float:
        return parse_duration(value)

    @field_validator("trusted_proxies", "allowed_hosts", "cors_origins", "audio_roots", "weights_roots", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

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
        return init_settings, _Environment(settings_cls), _File(settings_cls)

    def within_root(self, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        """Return paths with the relative ones taken from the root folder."""
        return tuple(self.root / path for path in paths)

    @property
    def weight_places(self) -> tuple[Path, ...]:
        """Where weights may lie: folders, and the files that whoever configures the service has named themselves."""
        named = tuple(Path(path) for path in (self.gpt_path, self.sovits_path) if path)
        return self.within_root((*self.weights_roots, *named))

    def engine_settings(self, weights: WeightsPair | None) -> EngineSettings:
        """Return how the engine is set up."""
        return EngineSettings(
            weights=weights,
            hubert=self.hubert_path,
            roberta=self.bert_path,
            device_target=self.device_target,
            device_id=self.device_id,
            precision=self.precision,
            decode_backend=self.decode_backend,
            max_rows=self.max_rows,
            memory_budget_mb=self.memory_budget_mb,
            warm_up=self.warm_up,
            threads=self.threads,
        )


def load_settings(**given: Any) -> Settings:
    """Return the settings, with what the command line gave (None is not given).

    Raises:
        SettingsError: a value is wrong or a name in the configuration file is unknown.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(p) for p in each['loc'])}: {each['msg']}" for each in error.errors())
        raise SettingsError(f"wrong settings: {wrong}") from None
