"""``python -m GPT_SoVITS.text TEXT``: show how a text is cut, divided by language, normalised and pronounced.

看一段文本如何切分、识别语种、规范化并转成音素。
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.languages import CUTTING_METHODS, TEXT_LANGUAGES
from GPT_SoVITS.text.pipeline import Reader, Sentence
from GPT_SoVITS.text.preview import described, differ, table
from GPT_SoVITS.text.reading import NATURAL, OFFICIAL, READINGS
from GPT_SoVITS.text.reading.unspoken import told
from GPT_SoVITS.text.segmenters import SEGMENTERS, segmenter_named
from GPT_SoVITS.text.userdict import UserDictionary, installation_dictionary
from GPT_SoVITS.versions import VERSIONS

LARGEST_INPUT = 4 * 2**20  # bytes


def _parser() -> argparse.ArgumentParser:
    def listed(names: dict[str, str]) -> str:
        return ", ".join(f"{code} ({name})" for code, name in names.items())

    parser = argparse.ArgumentParser(
        prog=_commands.module("GPT_SoVITS.text"),
        description="Show how a text is cut, divided by language, normalised and pronounced. "
        "显示文本的切分、语种、规范化结果与音素。",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("text", nargs="?", help="the text, - for standard input / 文本，- 表示标准输入")
    source.add_argument("--file", type=Path, help="UTF-8 text file / 文本文件")
    parser.add_argument("--language", default="auto", help=f"text language / 文本语种: {listed(TEXT_LANGUAGES)}")
    parser.add_argument("--version", default="v2", choices=list(VERSIONS), help="model version / 模型版本")
    parser.add_argument("--cut", default="cut5", help=f"cutting method / 切分方式: {listed(CUTTING_METHODS)}")
    parser.add_argument(
        "--reading",
        choices=("both", *READINGS),
        default="both",
        help="natural, as the official program reads, or both where they differ / 自然读法、官方读法或两者",
    )
    parser.add_argument("--dictionary", type=Path, help="a further user dictionary, as of a voice / 附加用户词典")
    parser.add_argument("--segmenter", choices=SEGMENTERS, help="how languages are told apart / 语种切分器")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table / 以 JSON 输出")
    return parser


def _text(chosen: argparse.Namespace) -> str:
    """Return the text that the arguments name.

    Raises:
        TextError: the input is too large or not UTF-8, or the file cannot be read.
    """
    if chosen.file is None and chosen.text != "-":
        return str(chosen.text)
    try:
        if chosen.file is None:
            content = sys.stdin.buffer.read(LARGEST_INPUT + 1)
        else:
            with chosen.file.open("rb") as file:
                content = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise TextError(f"{chosen.file} cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_INPUT:
        raise TextError(f"the text has more than {LARGEST_INPUT} bytes; give less at a time")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(f"the text is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _official(reader: Reader, text: str, chosen: argparse.Namespace) -> list[Sentence] | None:
    """Return the official reading, or None where the official program could not read the text at all."""
    try:
        return reader.prepare(text, chosen.language, chosen.version, chosen.cut, OFFICIAL)
    except TextError:
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when something could be read, 1 with the reason on standard error when not."""
    chosen = _parser().parse_args(arguments)
    logging.getLogger("GPT_SoVITS.text").addHandler(logging.NullHandler())  # notes are printed at the end
    try:
        dictionaries = [installation_dictionary()]
        if chosen.dictionary is not None:
            dictionaries.append(UserDictionary(chosen.dictionary))
        reader = Reader(dictionaries, segmenter_named(chosen.segmenter))
        text = _text(chosen)
        first = NATURAL if chosen.reading == "both" else chosen.reading
        sentences = reader.prepare(text, chosen.language, chosen.version, chosen.cut, first)
        official = _official(reader, text, chosen) if chosen.reading == "both" else None
    except TextError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(described(sentences), ensure_ascii=False, indent=1))
    else:
        print(table(sentences))
        if official is not None and differ(sentences, official):
            print("\nThe official program reads / 官方程序读作:")
            print(table(official))
    left_out = [word for sentence in sentences for word in sentence.left_out]
    if left_out:
        print(f"note: {told(left_out)}", file=sys.stderr)
    for note in resources.said().values():
        print(f"note: {note}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
