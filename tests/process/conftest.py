"""Small real networks, made once for all tests here."""

from __future__ import annotations

import pytest

from tests.engine.small import SmallInstallation


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallInstallation:
    """A folder with weights of two voices, HuBERT and a reference clip."""
    return SmallInstallation(tmp_path_factory.mktemp("small"))
