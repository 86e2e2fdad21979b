"""A small voice of its own that comes with the program: where its files lie. What it is stands in ``README.md``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
GPT = FOLDER / "starter-gpt.ckpt"
SOVITS = FOLDER / "starter-sovits.pth"
CONTENT_ENCODER = FOLDER / "content"
"""The network whose features its semantic tokens are made from, in the layout of chinese-hubert-base."""
