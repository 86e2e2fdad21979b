"""Thousands of small hostile weight files: each is refused with a typed error or read, in bounded time and memory.

    python -m tests.convert.mutations 50000 --seed 1

A file is made of pieces of pickles, sound and hostile ones, which are cut, repeated, spliced and damaged, in the zip
and the legacy format, or of a sound file of the other formats that is damaged. The seed decides everything.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from convert import CheckpointError, identify, mindspore_ckpt
from tests.convert.conftest import T2S_MODEL
from tests.convert.test_bombs import DOUBLED
from tests.convert.test_formats import write_safetensors
from tests.convert.torchfile import Emitter, Namespace, global_name, integer, pickled, text, zip_bytes

MOST_SECONDS = 1.0
MOST_MEMORY = 100 << 20
LONGEST = 4096

_MAGIC = pickled(integer(0x1950A86A20F9469CFC6C)) + pickled(integer(1001))
_SYSTEM = pickled(b"}" + text("little_endian") + b"\x88s")
_HOSTILE = (
    DOUBLED,
    b")" + b"\x85" * 2000,
    b"]" * 2000,
    b"(" * 500,
    b"]q\x00h\x00a",
    b"2\x86" * 12,
    b"\x8b" + struct.pack("<i", 1 << 30),
    b"\x8d" + struct.pack("<Q", 1 << 60),
    b"G\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\x8a\x20" + b"\x7f" * 32,
    text("\x1b[31m\n\u2028"),
    b"X\x03\x00\x00\x00\xed\xb2\x80",
    global_name("os", "system"),
    global_name("utils", "HParams") + b")\x81}b",
    global_name("_codecs", "encode"),
    global_name("numpy", "dtype"),
    global_name("torch", "device"),
    b"R",
    b"Q",
    b"\x86R",
    b"}Ns",
)


def _content() -> dict[str, Any]:
    """The frame of GPT weights: small, and all that decides what is done with the rest."""
    weight = {
        "model.ar_text_embedding.word_embeddings.weight": np.zeros((2, 2), np.float16),
        "model.bert_proj.bias": np.zeros(2, np.float32),
    }
    config = {"model": T2S_MODEL, "data": {"max_sec": 54.0}, "more": Namespace(a=[1, (2.0, None)], b="x")}
    return {"weight": weight, "config": config, "info": "e1", "lora_rank": 3}


def _sound(legacy: bool) -> tuple[bytes, list[bytes]]:
    emitter = Emitter(legacy=legacy)
    body = emitter.emit(_content())
    return body, [array.tobytes() for array in emitter.storages]


class Maker:
    """Makes the files of one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = np.random.default_rng(seed)
        self._zip, self._legacy = _sound(False), _sound(True)
        self._others = [self._mindspore(folder / "sound.ckpt"), self._safetensors(folder / "sound.safetensors")]

    @staticmethod
    def _mindspore(path: Path) -> bytes:
        weights = _content()["weight"]
        with path.open("wb") as file:
            mindspore_ckpt.write(file, {"config": json.dumps({"model": T2S_MODEL})}, weights)
        return path.read_bytes()

    @staticmethod
    def _safetensors(path: Path) -> bytes:
        write_safetensors(path, _content()["weight"])
        return path.read_bytes()

    def _below(self, end: int) -> int:
        return int(self.rng.integers(0, max(end, 1)))

    def damaged(self, data: bytes) -> bytes:
        """Return data after one to six edits."""
        result = bytearray(data)
        for _ in range(1 + self._below(1 + self._below(6))):
            at, length = self._below(len(result)), 1 + self._below(12)
            match self._below(6):
                case 0:
                    result[at : at + 1] = bytes([self._below(256)])
                case 1:
                    result[at:at] = _HOSTILE[self._below(len(_HOSTILE))]
                case 2:
                    del result[at : at + length]
                case 3:
                    result[at:at] = bytes(result[at : at + length]) * (1 + self._below(200))
                case 4:
                    other = self._below(len(result))
                    result[at:at] = bytes(result[other : other + 4 * length])
                case _:
                    result[at : at + length] = self.rng.bytes(length)
        return bytes(result[:LONGEST])

    def file(self) -> bytes:
        """Return the next file."""
        kind = self._below(4)
        if kind == 0:
            body, storages = self._zip
            return zip_bytes(b"\x80\x02" + self.damaged(body) + b".", storages)
        if kind == 1:
            body, storages = self._legacy
            return _MAGIC + _SYSTEM + pickled(self.damaged(body)) + pickled(b"]") + b"".join(storages)
        if kind == 2:
            pieces = [_HOSTILE[self._below(len(_HOSTILE))] for _ in range(1 + self._below(12))]
            return zip_bytes(pickled(b"".join(pieces)), self._zip[1])
        return self.damaged(self._others[self._below(len(self._others))])


def _peak() -> int:
    """Largest size of this process so far, in bytes; Linux counts that of the image, without its parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def run(count: int, seed: int) -> dict[str, Any]:
    """Examine files and return the outcomes by name, the longest time and the growth of memory."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        path, maker = Path(name) / "weights.ckpt", Maker(seed, Path(name))
        before = _peak()
        for number in range(count):
            path.write_bytes(maker.file())
            began = time.process_time()
            try:
                outcome = f"read, {'sound' if not identify(path).problem else 'with a problem'}"
            except CheckpointError as error:
                outcome = type(error).__name__
                if len(str(error)) > 5000 or not str(error).isprintable():
                    wrong.append(f"{number}: a message of {len(str(error))} characters")
            except Exception as error:  # what is being looked for
                outcome = f"WRONG {type(error).__name__}"
                wrong.append(f"{number}: {type(error).__name__}: {str(error)[:200]}")
            slowest = max(slowest, time.process_time() - began)
            outcomes[outcome] += 1
        grown = _peak() - before
    return {"outcomes": dict(outcomes), "wrong": wrong[:20], "slowest_s": slowest, "grown_bytes": grown}


def main() -> int:
    """Command line; 1 where a file had another outcome, or took too much time or memory."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.convert.mutations", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = run(options.count, options.seed)
    print(json.dumps(found, indent=1))
    return int(bool(found["wrong"]) or found["slowest_s"] > MOST_SECONDS or found["grown_bytes"] > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
