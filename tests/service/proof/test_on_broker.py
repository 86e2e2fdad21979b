"""The proofs with a broker, in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.postgresql import NoServerError
from tests.service.proof.on_broker import NAMES, run
from tests.service.proof.partition import NoNamespaceError
from tests.service.rabbitmq import NoBrokerError


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_the_promise_is_kept(name: str, tmp_path: Path) -> None:
    try:
        found = run(name, tmp_path, count=60, times=3, seconds=15)
    except (NoBrokerError, NoServerError, NoNamespaceError) as error:
        pytest.skip(str(error))
    assert found["good"], found
