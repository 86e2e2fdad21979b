"""The command line, end to end, as a user runs it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import CorruptCheckpointError, open_weights
from convert.cli import main
from convert.writer import verify, write
from tests.convert.conftest import CHECKPOINTS, sovits_content
from tests.convert.torchfile import save

ROOT = Path(__file__).parents[2]
Content = dict[str, Any]


@pytest.fixture
def pair(t2s_content: Content, tmp_path: Path) -> tuple[Path, Path]:
    """A GPT and a SoVITS weight file."""
    return save(t2s_content, tmp_path / "声音-e15.ckpt"), save(sovits_content("v2"), tmp_path / "声音_e8_s64.pth")


@pytest.mark.parametrize("command", [["-m", "convert"], ["GPT_SoVITS/convert.py"]])
def test_both_entry_points_convert(command: list[str], pair: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ["--g_path", str(pair[0]), "--s_path", str(pair[1]), "--out-dir", str(tmp_path / "out"), "--verify"]
    done = subprocess.run([sys.executable, *command, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "t2s, v2 (732 phoneme embeddings: v2)" in done.stdout
    assert "running average, used in training only" in done.stdout
    assert done.stdout.count("verified bit for bit") == 2
    assert open_weights(tmp_path / "out/GPT_weights/声音-e15-ms.ckpt").kind == "t2s"
    assert open_weights(tmp_path / "out/SoVITS_weights/声音_e8_s64-ms.ckpt").version == "v2"


def test_converter_needs_numpy_alone(pair: tuple[Path, Path], tmp_path: Path) -> None:
    code = (
        "import sys; from convert.cli import main; code = main(sys.argv[1:]); "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'torch', 'mindspore', 'google', 'scipy'}), code)"
    )
    arguments = ["--s_path", str(pair[1]), "--out-dir", str(tmp_path), "--verify"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize(("option", "name"), [("--g_path", "s1_v2.ckpt"), ("--s_path", "s2G_v2ProPlus.pth")])
def test_weights_that_do_not_fit_are_an_error_that_names_the_keys(
    option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fixtures have real keys and clipped shapes."""
    assert main([option, str(CHECKPOINTS / name), "--out-dir", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "misshapen: " in printed.err and "nothing was written" in printed.err
    assert not list(tmp_path.iterdir())


def test_malicious_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = CHECKPOINTS / "malicious_config.ckpt"
    assert main(["--g_path", str(path), "--out-dir", str(tmp_path)]) == 1
    assert "posix.system" in capsys.readouterr().err


def test_one_bad_file_does_not_stop_the_other(pair: tuple[Path, Path], tmp_path: Path) -> None:
    missing = tmp_path / "missing.ckpt"
    assert main(["--g_path", str(missing), "--s_path", str(pair[1]), "--out-dir", str(tmp_path)]) == 1
    assert (tmp_path / "SoVITS_weights/声音_e8_s64-ms.ckpt").exists()


def test_weights_under_the_wrong_option(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--g_path", str(pair[1]), "--out-dir", str(tmp_path)]) == 1
    assert "holds sovits weights, --g_path needs t2s" in capsys.readouterr().err


def test_existing_result_is_replaced_only_by_force(pair: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ["--g_path", str(pair[0]), "--out-dir", str(tmp_path)]
    assert main(arguments) == 0
    target = tmp_path / "GPT_weights/声音-e15-ms.ckpt"
    first = target.read_bytes()
    assert main([*arguments, "--dtype", "fp16"]) == 1
    assert target.read_bytes() == first
    assert main([*arguments, "--dtype", "fp16", "--force"]) == 0
    assert len(target.read_bytes()) < len(first)


def test_progress_is_shown_when_asked_for(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--g_path", str(pair[0]), "--out-dir", str(tmp_path), "--progress"]) == 0
    assert "100%" in capsys.readouterr().err


def test_nothing_to_do_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2


def test_what_a_killed_conversion_left_is_removed_and_a_running_one_is_not(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    weights = open_weights(pair[0])
    target = tmp_path / "out" / "a[1]-ms.ckpt"
    target.parent.mkdir()
    abandoned, running, other = (target.parent / name for name in (
        ".a[1]-ms.ckpt.dead.part", ".a[1]-ms.ckpt.live.part", ".b-ms.ckpt.dead.part",
    ))  # fmt: skip
    for part in (abandoned, running, other):
        part.write_bytes(b"half")
    with running.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write(weights, target)
    assert sorted(path.name for path in target.parent.iterdir()) == sorted((running.name, other.name, target.name))
    verify(weights, target)


def test_interrupted_writing_leaves_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    weights = open_weights(pair[0])
    target = tmp_path / "out" / "x-ms.ckpt"

    def stop(_key: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(weights, target, progress=stop)
    assert not list(target.parent.iterdir())


def test_values_beyond_fp16_are_refused(t2s_content: Content, tmp_path: Path) -> None:
    t2s_content["weight"]["model.bert_proj.bias"] = np.full(8, 1e6, np.float32)
    path = save(t2s_content, tmp_path / "x.ckpt")
    assert main(["--g_path", str(path), "--out-dir", str(tmp_path), "--dtype", "fp16"]) == 1
    assert not (tmp_path / "GPT_weights/x-ms.ckpt").exists()


def test_verify_notices_a_changed_value(pair: tuple[Path, Path], tmp_path: Path) -> None:
    weights = open_weights(pair[0])
    other = open_weights(pair[0])
    changed = dict(other.arrays)
    changed["bert_proj.bias"] = np.asarray(changed["bert_proj.bias"]) + np.float16(0.5)
    target = tmp_path / "x-ms.ckpt"
    write(type(other)(**{**vars(other), "arrays": changed}), target)
    with pytest.raises(CorruptCheckpointError, match=r"bert_proj\.bias differs"):
        verify(weights, target)


def test_mindspore_reads_the_result(pair: tuple[Path, Path], tmp_path: Path) -> None:
    ms = pytest.importorskip("mindspore")
    assert main(["--s_path", str(pair[1]), "--out-dir", str(tmp_path)]) == 0
    found = ms.load_checkpoint(str(tmp_path / "SoVITS_weights/声音_e8_s64-ms.ckpt"))
    metadata = found.pop("gpt_sovits.metadata")
    assert '"version": "v2"' in metadata
    arrays = open_weights(pair[1]).arrays
    assert set(found) == set(arrays)
    key = "dec.ups.0.weight"
    np.testing.assert_array_equal(found[key].asnumpy(), arrays[key].astype(np.float32))
