"""Cost of the text front end per sentence and language, beside the official program's: ``python -m bench.text``.

Each side runs in a process of its own and takes turns with the other; nothing may open a network connection. For the
official side give a checkout and a Python that has the packages of its text folder (torch is not needed)::

    python -m bench.text --official GPT-SoVITS --official-python venv/bin/python

``--readings`` measures what the natural reading adds to a sentence instead, from the text to its phonemes.

What that Python cannot import is reported as such. Shown are the median over all sentences and rounds in microseconds,
the seconds to the first result in a fresh process, and that process's peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READINGS = ("natural", "official")
SENTENCES: dict[str, tuple[str, ...]] = {
    "zh": (
        "清晨的菜市场里，卖豆腐的老人慢慢地推着车走过石桥。",
        "这次会议定在2024年5月16日下午3:30，大约有128人参加。",
        "不一会儿，雨就停了，孩子们一个接一个跑到院子里。",
        "他说的那件事情，我想了一想，还是不太明白。",
    ),
    "en": (
        "The old lighthouse keeper lit the lamp just before the storm arrived.",
        "In 1998 the museum bought 24 paintings for $3.5 million.",
        "She could not decide whether to read the letter or tear it up.",
        "Our software engineers deployed the microservice yesterday.",
    ),
    "ja": (
        "朝の市場では、魚を売る声があちこちから聞こえてきます。",
        "来週の火曜日に、三時半から会議を開く予定です。",
        "雨が止んだので、子どもたちは庭へ走り出しました。",
        "この道をまっすぐ行くと、古い図書館があります。",
    ),
    "ko": (
        "아침 시장에는 생선을 파는 사람들의 목소리가 가득합니다.",
        "다음 주 화요일 오후 세 시에 회의를 열 예정입니다.",
        "비가 그치자 아이들이 마당으로 뛰어나갔습니다.",
        "이 길을 따라 곧장 가면 오래된 도서관이 있습니다.",
    ),
    "yue": (
        "朝早嘅街市入面，賣魚嘅人嗌得好大聲。",
        "下個禮拜二下晝三點半，我哋開會傾呢件事。",
        "落完雨之後，啲細路仔就走晒出去玩。",
        "沿住呢條路一直行，就會見到間舊圖書館。",
    ),
    "mixed": (
        "我昨天买了一台MacBook Pro，屏幕真的很清楚。",
        "このアプリはPythonで書かれていて、とても速いです。",
        "他说 hello world 是每个程序员的第一课。",
        "안녕하세요, 저는 data scientist 입니다.",
    ),
}


@dataclass(frozen=True)
class Measured:
    """What one process measured: microseconds per sentence, seconds to the first result, MiB at its peak."""

    microseconds: list[float]
    first: float
    peak: float


def _ours(language: str) -> Callable[[str], object]:
    if language == "mixed":
        from GPT_SoVITS.text import identification
        from GPT_SoVITS.text.segment import OfficialSegmenter

        segmenter = OfficialSegmenter()

        def divide(text: str) -> object:
            identification.forget()
            return segmenter(text, "")

        return divide
    from GPT_SoVITS.text.cleaning import Cleaner

    cleaner = Cleaner()
    return lambda text: cleaner.clean(text, language, "v2")


def _official(language: str, checkout: Path) -> Callable[[str], object]:
    sys.path[:0] = [str(checkout / "GPT_SoVITS"), str(checkout)]
    os.chdir(checkout)
    if language == "mixed":
        from text.LangSegmenter import LangSegmenter  # type: ignore[import-not-found]

        return lambda text: LangSegmenter.getTexts(text)
    from text.cleaner import clean_text  # type: ignore[import-not-found]

    return lambda text: clean_text(text, language, "v2")


def _reading(language: str, reading: str) -> Callable[[str], object]:
    from GPT_SoVITS.text import identification
    from GPT_SoVITS.text.pipeline import Reader

    reader = Reader()
    text_language = {"zh": "zh", "en": "en", "mixed": "auto"}.get(language, f"all_{language}")

    def read(text: str) -> object:
        identification.forget()
        return reader.prepare(text, text_language, "v2", "cut0", reading)

    return read


def _reader_of(side: str, language: str, checkout: Path | None) -> Callable[[str], object]:
    if side in READINGS:
        return _reading(language, side)
    return _official(language, checkout) if side == "theirs" and checkout else _ours(language)


def _refuse(*_: object, **__: object) -> None:
    raise OSError("network connections are not part of this measurement")


def work(side: str, language: str, repeats: int, checkout: Path | None) -> None:
    """Measure one side in this process and print the result as the last line."""
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    started = time.perf_counter()
    read = _reader_of(side, language, checkout)
    sentences = SENTENCES[language]
    read(sentences[0])
    first = time.perf_counter() - started
    for sentence in sentences:
        read(sentence)
    spent = []
    for turn in range(repeats):
        for place, sentence in enumerate(sentences):
            # What was just read may be remembered somewhere: every text is new, by a beginning of another sentence.
            other = sentences[(place + 1 + turn // 12) % len(sentences)]
            text = f"{sentence} {other[: 2 + turn % 12]}"
            started = time.perf_counter()
            read(text)
            spent.append((time.perf_counter() - started) * 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n" + json.dumps({"microseconds": spent, "first": first, "peak": peak}))


def _measure(python: str, side: str, language: str, chosen: argparse.Namespace) -> Measured | str:
    """Return what a fresh process measured, or the last line of its error."""
    command = [python, str(Path(__file__).resolve()), "--worker", side, "--language", language]
    command += ["--repeats", str(chosen.repeats)]
    if chosen.official is not None:
        command += ["--official", str(chosen.official.resolve())]
    environment = {**os.environ, "PYTHONPATH": "" if side == "theirs" else str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        told = [line.strip() for line in done.stderr.splitlines() if any(char.isalnum() for char in line)]
        return next((line for line in reversed(told) if "Error" in line), told[-1] if told else "no message")
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def _side(results: Sequence[Measured | str]) -> tuple[float, str]:
    """Return the median in microseconds (0 when nothing ran) and a cell for the table."""
    measured = [result for result in results if isinstance(result, Measured)]
    if not measured:
        return 0.0, f"not run: {results[0]}" if results else "not asked for"
    median = statistics.median(value for result in measured for value in result.microseconds)
    first = min(result.first for result in measured)
    peak = max(result.peak for result in measured)
    return median, f"{median:8.0f} µs  first {first:5.2f} s  {peak:5.0f} MiB"


def compare(chosen: argparse.Namespace) -> None:
    """Print a line for each language."""
    print(f"{'language':9} {'ours':40} {'official':40} ratio")
    for language in chosen.languages or SENTENCES:
        ours: list[Measured | str] = []
        official: list[Measured | str] = []
        for _ in range(chosen.rounds):
            ours.append(_measure(sys.executable, "ours", language, chosen))
            if chosen.official is not None:
                official.append(_measure(chosen.official_python, "theirs", language, chosen))
        our_time, our_cell = _side(ours)
        their_time, their_cell = _side(official)
        ratio = f"{our_time / their_time:.2f}" if our_time and their_time else "-"
        print(f"{language:9} {our_cell:40} {their_cell:40} {ratio}", flush=True)


def compare_readings(chosen: argparse.Namespace) -> None:
    """Print for each language what the natural reading takes beside the official one."""
    print(f"{'language':9} {'natural':40} {'official':40} added")
    for language in chosen.languages or SENTENCES:
        results: dict[str, list[Measured | str]] = {reading: [] for reading in READINGS}
        for _ in range(chosen.rounds):
            for reading, measured in results.items():
                measured.append(_measure(sys.executable, reading, language, chosen))
        natural, official = (_side(results[reading]) for reading in READINGS)
        print(f"{language:9} {natural[1]:40} {official[1]:40} {natural[0] - official[0]:+.0f} µs", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.text", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--languages", nargs="*", choices=list(SENTENCES), help="default: all")
    parser.add_argument("--rounds", type=int, default=3, help="processes per side and language")
    parser.add_argument("--repeats", type=int, default=20, help="readings of every sentence in a process")
    parser.add_argument("--official", type=Path, help="checkout of the official program")
    parser.add_argument("--official-python", default=sys.executable, help="Python that has its packages")
    parser.add_argument("--readings", action="store_true", help="the natural reading beside the official one")
    parser.add_argument("--worker", choices=["ours", "theirs", *READINGS], help=argparse.SUPPRESS)
    parser.add_argument("--language", choices=list(SENTENCES), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.worker:
        work(chosen.worker, chosen.language, chosen.repeats, chosen.official)
    elif chosen.readings:
        compare_readings(chosen)
    else:
        compare(chosen)


if __name__ == "__main__":
    main()
