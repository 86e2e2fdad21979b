"""Dictionaries are out of the garbage collector's sight after the first text of a language."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from GPT_SoVITS.text.pipeline import prepare
prepare("你好，世界。", "all_zh")
frozen, seen = gc.get_freeze_count(), len(gc.get_objects())
assert frozen > 10 * seen, (frozen, seen)
prepare("再见。", "all_zh")
assert gc.get_freeze_count() <= frozen  # once for each language
"""


def test_dictionaries_are_not_looked_through_again() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=120)
