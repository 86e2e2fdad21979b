"""Every ``curl`` line of the interface's documentation works as it is printed, in both languages."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.service.compatibility.conftest import clip
from tests.service.conftest import Starter

ROOT = Path(__file__).parents[2]
PAGES = ("API_MS.md", "API_MS.en.md")
ADDRESS = "http://127.0.0.1:9881"


def commands(page: str) -> list[str]:
    """The curl lines of a page, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("page", PAGES)
def test_every_command_works(page: str, start: Starter, tmp_path: Path) -> None:
    running = start()
    (tmp_path / "reference.wav").write_bytes(clip())
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "avatar.png")
    for line in commands(page):
        words = shlex.split(line.replace(ADDRESS, running.url))
        done = subprocess.run(
            [words[0], "--fail-with-body", "-sS", "--noproxy", "*", *words[1:]],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-500:]!r}\n{done.stderr.decode()}"
        if "-o" in words:
            assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 500, line


def test_both_languages_show_the_same_routes() -> None:
    def routes(page: str) -> list[str]:
        return [re.sub(r"-d '\{.*?\}'|'text=[^']*'|=[^\s&']+", "", line) for line in commands(page)]

    assert routes(PAGES[0]) == routes(PAGES[1]) and len(routes(PAGES[0])) > 25
