"""The OpenAPI document says what the service does: generated requests get the answers that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.sessions.start_routes import ROUTES
from service.settings import load_settings
from tests.service.compatibility.conftest import put_clip
from tests.service.conftest import listening
from tests.service.databases import Databases

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Streams that end when the service does.
ENDLESS = {"/events"}
# The interface that these belong to answers every failure with 500.
FAIL_WITH_500 = {f"/gpt_sovits/{name}" for name in ROUTES}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, shared_databases: Databases) -> Iterator[str]:
    """A service that many strange requests are sent to."""
    engine = FakeEngine(seconds_per_segment=0)
    root = tmp_path_factory.mktemp("service")
    chosen = load_settings(root=root, host="127.0.0.1", text_limit=200, **shared_databases.settings(root))
    put_clip(chosen.root)
    with listening(create_app(chosen, engine)) as found:
        yield found
    engine.close(1.0)


@pytest.fixture(scope="module")
def document(address: str) -> Any:
    """The document as a client reads it."""
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


def _check(document: Any, examples: int) -> None:
    failed: dict[str, str] = {}
    for result in document.get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Any) -> None:
            checks = CHECKS[1:] if case.operation.path in FAIL_WITH_500 else CHECKS
            case.call_and_validate(checks=checks, timeout=20)

        try:
            given(case=operation.as_strategy())(call)()
        except (Exception, FailureGroup) as error:
            failed[operation.label] = "\n".join(str(each) for each in getattr(error, "exceptions", [error]))[:1500]
    assert not failed, "\n\n".join(f"{label}\n{message}" for label, message in failed.items())


def test_a_few_generated_requests_for_every_route(document: Any) -> None:
    _check(document, 3)


@pytest.mark.full
def test_many_generated_requests_for_every_route(document: Any) -> None:
    _check(document, 200)
