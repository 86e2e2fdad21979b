"""The command lines of ``api2.py`` and ``api_v2.py``, turned into settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.languages import resolve_language
from service.options import add_folders
from service.settings import SettingsError, read_config
from service.synthesis.texts import LATEST_VERSION

PORT = 9880
# Devices of old command lines that do not exist here.
_REPLACED = ("cuda", "mps", "dml", "xpu", "mlu")
_CUTS = {number: f"cut{number}" for number in range(1, 6)}


def api2_settings(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the settings that a command line of ``api2.py`` asks for."""
    parser = argparse.ArgumentParser(
        prog="api2.py", description="The voice service with the command line and defaults of api2.py."
    )
    parser.add_argument("-s", "--sovits_path", help="SoVITS weights")
    parser.add_argument("-g", "--gpt_path", help="GPT weights")
    parser.add_argument("-dr", "--default_refer_path", help="reference audio of requests that bring none")
    parser.add_argument("-dt", "--default_refer_text", help="what is said in it")
    parser.add_argument("-dl", "--default_refer_language", help="its language: zh, ja, en, or any name or code")
    parser.add_argument("-d", "--device", help="cpu, ascend, ascend:N; what this machine lacks is replaced")
    parser.add_argument("-a", "--bind_addr", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("-p", "--port", type=int, default=PORT, help="port to listen on (%(default)s)")
    parser.add_argument("-fp", "--full_precision", action="store_true", help="hold weights in float32")
    parser.add_argument("-hp", "--half_precision", action="store_true", help="hold weights in float16")
    parser.add_argument("-hb", "--hubert_path", help="folder of chinese-hubert-base")
    parser.add_argument("-b", "--bert_path", help="folder of chinese-roberta-wwm-ext-large")
    parser.add_argument(
        "-c",
        "--cut_method",
        type=int,
        choices=_CUTS,
        default=5,
        help="1 four sentences, 2 fifty characters, 3 Chinese full stops, 4 English ones, 5 punctuation (%(default)s)",
    )
    _add_common(parser)
    given = parser.parse_args(arguments)
    reference = (given.default_refer_path, given.default_refer_text, given.default_refer_language)
    if any(reference) and not all(reference):
        print("warning: without all of -dr, -dt and -dl there is no preset reference", file=sys.stderr)
        reference = (None, None, None)
    return {
        "host": _host(given.bind_addr),
        "port": given.port,
        "sovits_path": _from_here(given.sovits_path),
        "gpt_path": _from_here(given.gpt_path),
        "hubert_path": _from_here(given.hubert_path),
        "bert_path": _from_here(given.bert_path),
        "default_cut": _CUTS[given.cut_method],
        **_common(given),
        **_reference(*reference),
        **_precision(given.full_precision, given.half_precision),
        **_device(given.device),
    }


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", help="configuration file of the service, for everything else")
    add_folders(parser)


def _common(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "config": given.config,
        "audio_root": given.audio_root,
        "weights_root": given.weights_root,
    }


def _from_here(path: str | None) -> str | None:
    """Return a path of the command line, which is relative to where it was typed; else to the service's folder."""
    if not path:
        return None
    return str(Path(path).absolute()) if Path(path).exists() else path


def _reference(path: str | None, text: str | None, language: str | None) -> dict[str, Any]:
    """Return the preset reference; whoever starts the service may name a file anywhere."""
    if not path:
        return {}
    try:
        resolve_language(language or "", LATEST_VERSION)
    except TextError as error:
        raise SettingsError(f"-dl: {error}") from None
    return {
        "default_refer_path": str(Path(path).absolute()),
        "default_refer_text": text,
        "default_refer_language": language,
    }


def _precision(full: bool, half: bool) -> dict[str, Any]:
    return {"precision": "float32" if full else "float16"} if full != half else {}


def _host(given: str) -> str:
    """Return the address; "None" was the old way to say all of both protocols."""
    return "::" if given == "None" else given


def _device(name: str | None) -> dict[str, Any]:
    if not name:
        return {}
    kind, _, number = name.lower().partition(":")
    if kind in _REPLACED:
        print(f"warning: there is no {name} here; what this machine has is used instead", file=sys.stderr)
        return {}
    if kind in ("ascend", "npu"):
        return {"device_target": "Ascend", **({"device_id": int(number)} if number.isdigit() else {})}
    if kind != "cpu":
        raise SettingsError(f"device {name!r} is unknown; give cpu, ascend or ascend:N")
    return {"device_target": "CPU"}


def api_v2_settings(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the settings that a command line of ``api_v2.py`` asks for, its ``tts_infer.yaml`` read."""
    parser = argparse.ArgumentParser(
        prog="api_v2.py", description="The voice service with the command line and configuration of api_v2.py."
    )
    parser.add_argument("-c", "--tts_config", help="configuration in the form of tts_infer.yaml")
    parser.add_argument("-a", "--bind_addr", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("-p", "--port", type=int, default=PORT, help="port to listen on (%(default)s)")
    _add_common(parser)
    given = parser.parse_args(arguments)
    found = inference_settings(Path(given.tts_config)) if given.tts_config else {}
    return {"host": _host(given.bind_addr), "port": given.port, **_common(given), **found}


def inference_settings(path: Path) -> dict[str, Any]:
    """Return the settings in a ``tts_infer.yaml``: its section ``custom``, else the one of its version.

    Weights that it names and that are not there are left out with a warning: the file comes with paths of models that
    an installation need not have.

    Raises:
        SettingsError: the file cannot be read.
    """
    if not path.is_file():
        print(f"warning: {path} is not there; going on with what is configured otherwise", file=sys.stderr)
        return {}
    content = read_config(path)
    section = content.get("custom") or content.get("v2") or content.get("default") or {}
    if not isinstance(section, Mapping):
        raise SettingsError(f"{path}: the section custom must hold names and values")
    return _of_section(section)


def _of_section(section: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "gpt_path": "t2s_weights_path",
        "sovits_path": "vits_weights_path",
        "hubert_path": "cnhuhbert_base_path",  # spelt so in the official file
        "bert_path": "bert_base_path",
    }
    found: dict[str, Any] = {}
    for name, theirs in names.items():
        if value := section.get(theirs):
            if Path(str(value)).exists():
                found[name] = str(Path(str(value)).absolute())
            else:
                print(f"warning: {theirs}: there is no {value}", file=sys.stderr)
    if section.get("is_half") is not None:
        found["precision"] = "float16" if section["is_half"] else "float32"
    return found | _device(str(section["device"]) if section.get("device") else None)
