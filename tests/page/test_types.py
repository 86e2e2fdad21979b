"""Names, imports and calls of the page's modules, as TypeScript's checker sees them (``jsconfig.json``).

Nothing is built and users need none of it: the check runs where ``tsc`` is on the path or in ``node_modules``
(``npm install --no-save typescript``). Elements found in the document have no known type, so only errors count that
mean a mistake whatever an element is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISTAKES = {
    "TS2304": "a name that nobody declares",
    "TS2552": "a name that is misspelt",
    "TS2305": "an import of what a module does not export",
    "TS2724": "an import that is misspelt",
    "TS2307": "an import of a module that is not there",
    "TS2300": "a name declared twice",
    "TS2451": "a name declared twice in a block",
    "TS2448": "a name used before it is declared",
    "TS2588": "a constant that is changed",
}
_ERROR = re.compile(r"^(web/(?!vendor/)\S+): error (TS\d+): (.*)$", re.MULTILINE)


def _checker() -> str:
    local = ROOT / "node_modules/.bin/tsc"
    found = str(local) if local.is_file() else shutil.which("tsc")
    if found is None:
        pytest.skip("typescript is not installed: npm install --no-save typescript")
    return found


def _mistakes(project: Path) -> list[str]:
    done = subprocess.run([_checker(), "-p", str(project)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "error TS" in done.stdout or done.returncode == 0, done.stdout + done.stderr
    return [
        f"{place}: {MISTAKES[code]}: {text}" for place, code, text in _ERROR.findall(done.stdout) if code in MISTAKES
    ]


def test_names_and_imports_of_the_page_are_right() -> None:
    assert not _mistakes(ROOT / "jsconfig.json")
