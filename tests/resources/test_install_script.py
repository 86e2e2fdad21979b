"""``bash install.sh`` from a fresh checkout: the packages, exact Japanese and English, the kernels; and once only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JAPANESE = "GPT_SoVITS/pretrained_models/text/openjtalk"
# A Python that notes how it is called, has no English dictionaries, and fails at what FAILS names. COPIED is whether it
# finds a copy instead of the checkout.
PYTHON = """#!/bin/bash
[[ $1 == -c && "$2" == *find_spec* ]] && exit "${COPIED:-0}"
[[ $1 == -c ]] && exit 0
printf '%s\\n' "$*" >>calls
[[ "$*" != *'resources check'* && ( -z $FAILS || "$*" != *"$FAILS"* ) ]]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an environment in which nothing is installed yet."""
    for name in ("install.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "environment/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def install(
    checkout: Path, *options: str, fails: str = "", copied: bool = False, status: int = 0
) -> tuple[list[str], str]:
    """Run it; return the calls of Python and what was said."""
    (checkout / "calls").write_text("")
    given = {**os.environ, "VIRTUAL_ENV": str(checkout / "environment"), "FAILS": fails, "COPIED": str(int(copied))}
    command = ["bash", str(checkout / "install.sh"), "--here", "--no-system", *options]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=20)
    assert done.returncode == status, done.stderr
    return (checkout / "calls").read_text().splitlines(), done.stdout + done.stderr


def test_exact_japanese_and_english_belong_to_it_and_a_second_run_only_looks(checkout: Path) -> None:
    calls, said = install(checkout)
    whole = "\n".join(calls)
    assert "--editable .[hub,dataset]" in whole and "GPT_SoVITS.native build" in whole
    (japanese,) = (call for call in calls if "pyopenjtalk-ndy==" in call)
    assert f"--target {JAPANESE}" in japanese and "--no-deps" in japanese, "a folder of its own"
    assert "-m GPT_SoVITS.resources fetch english-dictionaries" in calls
    assert said.rstrip().endswith(f"ready: {checkout}/environment/bin/python")
    calls, said = install(checkout)
    assert "is up to date" in said and not any("pip" in call or "fetch" in call for call in calls)


@pytest.mark.parametrize("fails", ["pyopenjtalk-ndy", "fetch english-dictionaries"])
def test_without_a_network_for_them_speech_is_installed_all_the_same(checkout: Path, fails: str) -> None:
    calls, said = install(checkout, fails=fails)
    assert "warning: " in said and "could not be had" in said
    assert any("native build" in call for call in calls) and "ready: " in said


def test_uv_installs_the_packages_and_pip_where_uv_cannot(checkout: Path) -> None:
    (call,) = (call for call in install(checkout)[0] if "--editable" in call)
    assert call.startswith("-m uv pip install"), call
    (checkout / "environment/.gpt-sovits-installed").unlink()
    calls, said = install(checkout, fails="uv pip install")
    last = [call for call in calls if "--editable" in call][-1]
    assert last.startswith("-m pip install") and "trying pip" in said and "ready: " in said


SETTINGS = """global.index-url='https://mirror.example/simple'
install.index-url='https://other.example/simple'
:env:.timeout='60'
global.timeout='15'
global.extra-index-url='file:///one file:///two'
:env:.find-links='/wheels /more'
list.format='columns'
global.trusted-host='mirror.example'
:env:.cert='/certificates.pem'
global.retries='3'
"""


@pytest.mark.parametrize("more", ["", "global.no-index='true'\n"], ids=["known", "unknown"])
def test_uv_looks_where_pip_would(tmp_path: Path, more: str) -> None:
    """What pip is told in its files and variables is translated; what cannot be leaves the work to pip."""
    (tmp_path / "settings").write_text(SETTINGS + more)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/bash\n[[ $1 == -m ]] && exec cat {tmp_path}/settings\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    function = (ROOT / "install.sh").read_text("utf-8").partition("\nuv_settings() {\n")[2].partition("\n}\n\n")[0]
    script = f"set -o pipefail; python={python}\n{function}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.returncode != 0) == bool(more), done.stderr
    assert more or set(done.stdout.splitlines()) == {
        "UV_DEFAULT_INDEX=https://other.example/simple",
        "UV_EXTRA_INDEX_URL=https://other.example/simple file:///one file:///two",  # the main one is asked first
        "UV_FIND_LINKS=/wheels,/more",
        "UV_HTTP_TIMEOUT=60",
        "UV_INSECURE_HOST=mirror.example",
        "SSL_CERT_FILE=/certificates.pem",
        "UV_INDEX_STRATEGY=unsafe-best-match",
    }


def test_an_installation_that_pip_did_not_finish_is_made_again(checkout: Path) -> None:
    install(checkout)
    pyproject = checkout / "pyproject.toml"
    before = pyproject.read_text()
    pyproject.write_text(before + "# changed\n")
    install(checkout, fails="--editable", status=1)
    pyproject.write_text(before)
    calls, said = install(checkout)
    assert any("--editable" in call for call in calls), said


def test_a_copy_in_the_place_of_the_checkout_is_repaired(checkout: Path) -> None:
    install(checkout)
    calls, said = install(checkout, copied=True)
    assert "a copy of this program" in said and any("--editable" in call for call in calls)


def test_extras_are_added_to_those_before_and_stay(checkout: Path) -> None:
    install(checkout)
    calls, _ = install(checkout, "--extra", "webui")
    assert any("--editable .[hub,dataset,webui]" in call for call in calls)
    for options in ((), ("--extra", "webui")):
        assert "is up to date" in install(checkout, *options)[1]
    _, said = install(checkout, "--extra", "webiu", status=1)
    assert "there is no extra webiu" in said
