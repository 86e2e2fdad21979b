"""The project's own Python files: what tests that read the source walk over."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
DOWNLOADS = ROOT / "GPT_SoVITS/pretrained_models"
"""Weights and language data of the user, which may hold Python packages. mypy, ruff and setuptools leave it out too."""


def python_files(folder: Path) -> list[Path]:
    """Return the Python files in a folder of the project and below it, in order, without what users downloaded."""
    return sorted(path for path in folder.rglob("*.py") if DOWNLOADS not in path.parents)
