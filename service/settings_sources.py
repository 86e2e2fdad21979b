"""Where settings come from: the environment, a configuration file, and the file of the service before this one."""

from __future__ import annotations

import configparser
import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "GPT_SOVITS_"


class SettingsError(ValueError):
    """Settings are wrong; the message has a line for each, which names it and where it came from."""


def _line(error: Exception) -> str:
    """Return what parsers write on several lines on one."""
    return " ".join(str(error).split())


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


def _variable(field_name: str) -> tuple[str, Callable[[str], str]] | None:
    """Return the environment variable that sets a field and how it is read; None where none does."""
    names = [(PREFIX + field_name.upper(), _as_it_is), *ENVIRONMENT.get(field_name, ())]
    return next((each for each in names if os.environ.get(each[0])), None)


def origin_of(field_name: str, given: Mapping[str, Any]) -> str:
    """Return where the value of a field comes from, in words; ``given`` is what the command line gave."""
    if field_name in given:
        return "on the command line"
    if variable := _variable(field_name):
        return f"environment variable {variable[0]}"
    config = given.get("config") or os.environ.get(f"{PREFIX}CONFIG")
    return f"in {config}" if config and field_name in read_config(Path(config)) else "in config.ini"


class Environment(PydanticBaseSettingsSource):
    """Environment variables, by field name; an empty variable is none."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        found = _variable(field_name)
        return (found[1](os.environ[found[0]]) if found else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class File(PydanticBaseSettingsSource):
    """The configuration file, YAML or TOML; its keys are the names of the fields."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get("config")
        return read_config(Path(path)) if path else {}


class OldFile(PydanticBaseSettingsSource):
    """``config.ini`` of the service that this one replaces, in the root folder: how long tasks are kept."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        root = self.current_state.get("root") or self.settings_cls.model_fields["root"].default
        path = Path(root).expanduser() / "config.ini"
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path, encoding="utf-8")
            found = parser.get("cleanup", "retention", fallback="").strip()
        except (OSError, ValueError, configparser.Error) as error:
            raise SettingsError(f"the old configuration file {path} cannot be read: {_line(error)}") from None
        return {"retention": found} if found else {}


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
        raise SettingsError(f"the configuration file {path} cannot be read: {_line(error)}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"the configuration file {path} must hold names and values")
    return {str(name): value for name, value in content.items()}
