"""The documented API: names, parameters, defaults and returns, as a client of the page sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

_DOCUMENT = Path(__file__).parents[1] / "data/gradio/api_document.json"
ENDPOINTS: dict[str, Any] = json.loads(_DOCUMENT.read_text("utf-8"))["endpoints"]
ADDED = {
    "/open1b": ["version"],
    "/open1c": ["inp_wav_dir", "version"],
    "/open1abc": ["version"],
    "/open1Ba": ["version"],
}


@pytest.fixture(scope="session")
def described(_connected: Any) -> dict[str, Any]:
    """What the page says of itself."""
    found: dict[str, Any] = _connected.view_api(return_format="dict", print_info=False)["named_endpoints"]
    return found


def test_the_documented_names_come_first_and_in_order(described: dict[str, Any]) -> None:
    assert list(described)[: len(ENDPOINTS)] == list(ENDPOINTS)
    assert list(described)[len(ENDPOINTS) :] == ["/get_tts_wav", "/change_sovits_weights", "/change_gpt_weights"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_parameters_and_returns_are_the_documented_ones(described: dict[str, Any], name: str) -> None:
    documented, ours = ENDPOINTS[name], described[name]
    known = len(documented["parameters"])
    for theirs, own in zip(documented["parameters"], ours["parameters"][:known], strict=True):
        assert own["parameter_name"] == theirs["name"]
        assert own["component"] == theirs["component"]
        assert own["parameter_has_default"] is not theirs["required"]
        assert theirs["required"] or own["parameter_default"] == theirs["default"]
    added = ours["parameters"][known:]
    assert [own["parameter_name"] for own in added] == ADDED.get(name, [])
    assert all(own["parameter_has_default"] and own["parameter_default"] == "" for own in added)
    assert [own["component"] for own in ours["returns"]] == [i["component"] for i in documented["returns"]["items"]]


def test_speech_takes_the_official_parameters_in_their_order(described: dict[str, Any]) -> None:
    names = {name: [each["parameter_name"] for each in described[name]["parameters"]] for name in described}
    assert names["/get_tts_wav"] == [
        *("ref_wav_path", "prompt_text", "prompt_language", "text", "text_language", "how_to_cut", "top_k", "top_p"),
        *("temperature", "ref_free", "speed", "if_freeze", "inp_refs", "sample_steps", "if_sr", "pause_second"),
        "use_cuda_graph",
    ]
    assert names["/change_sovits_weights"] == ["sovits_path", "prompt_language", "text_language"]
    assert names["/change_gpt_weights"] == ["gpt_path"]
