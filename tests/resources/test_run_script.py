"""``bash run.sh``: installs, then becomes the service or one spoken sentence; what the service prints when it is up."""

from __future__ import annotations

import shutil
import subprocess
import webbrowser
from pathlib import Path

import pytest

from service.server import announce_page
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
SERVE = ["api_ms.py", "--host", "127.0.0.1", "--open"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose installation only notes that it was called, and whose Python only notes how."""
    shutil.copy(ROOT / "run.sh", tmp_path)
    python = tmp_path / "python"
    python.write_text('#!/bin/bash\nprintf "%s\\n" "$@" --- >>calls\n[[ $2 != *resources ]]\n')
    python.chmod(0o755)
    (tmp_path / "install.sh").write_text(
        f'if [[ $1 == --print-python ]]; then echo "{python}"; else printf "install%s\\n" "$@" --- >>calls; fi\n'
    )
    return tmp_path


def _calls(checkout: Path, *words: str) -> list[list[str]]:
    done = subprocess.run(["bash", checkout / "run.sh", *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    found = (checkout / "calls").read_text().split("---\n")
    return [call.splitlines() for call in found if call]


@pytest.mark.parametrize(
    ("words", "started"),
    [
        ((), SERVE),
        (("--no-open", "--port", "9999"), [*SERVE[:-1], "--port", "9999"]),
        (("--host", "0.0.0.0"), [*SERVE, "--host", "0.0.0.0"]),
        (
            ("--say", "你好，世界。", "--reference", "a clip.wav"),
            ["-m", "GPT_SoVITS.say", "你好，世界。", "--reference", "a clip.wav"],
        ),
    ],
)
def test_it_installs_and_then_is_what_was_asked_for(checkout: Path, words: tuple[str, ...], started: list[str]) -> None:
    install, run = _calls(checkout, *words)
    assert install[0].startswith("install") and run == started


def test_a_download_that_fails_does_not_keep_the_page_away(checkout: Path) -> None:
    _, fetch, run = _calls(checkout, "--fetch", "v2Pro")
    assert fetch[:5] == ["-m", "GPT_SoVITS.resources", "fetch", "--version", "v2Pro"] and run == SERVE


@pytest.mark.parametrize("screen", [True, False])
def test_the_pages_address_is_printed_and_opened_where_there_is_a_screen(
    screen: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
    announce_page("0.0.0.0", 9881, open_it=True)
    announce_page("::1", 9882, open_it=False)
    assert capsys.readouterr().out == "[Page] http://127.0.0.1:9881/index\n[Page] http://[::1]:9882/index\n"
    if screen:
        eventually(lambda: opened == ["http://127.0.0.1:9881/index"])
    assert opened == ["http://127.0.0.1:9881/index"] * screen
