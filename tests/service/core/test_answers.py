"""Every answer has the envelope, whatever goes wrong, and the status agrees with the code."""

from __future__ import annotations

import errno
import json
import re

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DataError, OperationalError

from GPT_SoVITS.engine.errors import EngineBusyError, InvalidRequestError, SynthesisFailedError, WeightsMissingError
from GPT_SoVITS.text.errors import TextError
from service.app import create_app
from service.errors import ConflictError, MissingError, ServiceError, StorageFullError
from service.http.heads import reads
from service.http.paging import PageRequest
from service.settings import load_settings
from tests.service.conftest import Running
from tests.service.samples import make_voice


def envelope(answer: httpx.Response) -> tuple[int, int, str]:
    """Return status, code and message; the form is checked."""
    content = answer.json()
    assert set(content) == {"code", "message", "data"}
    return answer.status_code, content["code"], content["message"]


def test_an_unknown_route(running: Running) -> None:
    assert envelope(running.client.get("/nothing/here"))[:2] == (404, 2)


@pytest.mark.parametrize("path", ["/healthz", "/index", "/nothing/here"])
def test_every_answer_says_what_a_browser_may_do_with_it(running: Running, path: str) -> None:
    headers = running.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers.get("cache-control") == "no-store") is (path != "/index")


def test_a_method_that_a_route_does_not_take(running: Running) -> None:
    answer = running.client.put("/voice-models")
    assert envelope(answer)[:2] == (405, 3)
    assert "GET" in answer.headers["allow"]


def test_a_body_that_does_not_validate(running: Running) -> None:
    answer = running.client.post("/voice-categories", json={"category_name": 5})
    status, code, message = envelope(answer)
    assert (status, code) == (422, 3)
    assert "category_name" in message
    assert answer.json()["data"]["problems"][0]["field"] == "category_name"


def test_a_body_that_is_no_json(running: Running) -> None:
    answer = running.client.post("/voice-categories", content=b"{", headers={"content-type": "application/json"})
    assert envelope(answer)[:2] == (422, 3)
    assert envelope(answer)[2].startswith("body: this is no JSON: ")


UNREADABLE = {
    "latin-1": (b'{"category_name": "\xe9"}', "field_encoding"),
    "half a character": (b'{"category_name": "\xe4\xbd', "field_encoding"),
    "utf-16": (b"\xff\xfe{", "field_encoding"),
    "nests without a bottom": (b"[" * 200_000, "field_unreadable"),
    "a number without an end": (b"1" * 10_000, "field_unreadable"),
}


@pytest.mark.parametrize(("content", "code"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("path", ["/voice-categories", "/gpt_sovits/open_slice", "/gpt_sovits/experiments/a/voice"])
def test_a_body_that_cannot_be_decoded_is_told_as_malformed_json_is(
    running: Running, path: str, content: bytes, code: str
) -> None:
    """Else a training's interface, which knows 422 and 500 alone, calls it a fault of the server."""
    answer = running.client.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    if path != "/gpt_sovits/open_slice":
        assert answer.json()["data"]["problems"][0]["code"] == code
        return
    assert [(each["loc"], each["type"]) for each in answer.json()["detail"]] == [(["body", "body"], code)]


@pytest.mark.parametrize("content", [b"{", b"--x\r\n\xff", b"", b"[1]", b'"text"', b"null", b"\xff\xfe{"])
def test_a_change_of_a_voice_that_is_no_json(running: Running, content: bytes) -> None:
    """Its body may be a form as well, so it is read apart from the others."""
    make_voice(running.client)
    answer = running.client.patch(
        "/voice-models/narrator", content=content, headers={"content-type": "application/json"}
    )
    assert envelope(answer)[:2] == (422, 3)


def test_characters_that_no_encoding_has(running: Running) -> None:
    body = b'{"category_name": "\\ud800"}'
    answer = running.client.post("/voice-categories", content=body, headers={"content-type": "application/json"})
    assert envelope(answer)[0] in (400, 422)


def test_pages_out_of_range(running: Running) -> None:
    """Old clients send them, and expect the nearest page that there is."""
    for query, expected in [
        ("", (1, 10)),
        ("page=0", (1, 10)),
        ("page=-3&page_size=0", (1, 1)),
        ("page_size=500", (1, 100)),
        ("page=99999999999999999999", (1_000_000_000, 10)),
    ]:
        page = running.client.get(f"/voice-models?{query}").json()["data"]
        assert (page["pageIndex"], page["pageSize"]) == expected
    assert envelope(running.client.get("/voice-models?page=x"))[:2] == (422, 3)


def test_an_error_has_an_object_to_ask_for_entries(running: Running) -> None:
    for method, path in (("GET", "/nothing"), ("GET", "/voice-models/nobody"), ("PUT", "/voice-models")):
        assert running.client.request(method, path).json()["data"].get("anything") is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/voice-tasks", "DELETE, GET, HEAD, POST"),
        ("PUT", "/voice-models/x", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/tts", "GET, POST"),
        ("POST", "/done/x.wav", "GET, HEAD"),
    ],
)
def test_a_wrong_method_names_the_right_ones(running: Running, method: str, path: str, allowed: str) -> None:
    answer = running.client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_head_is_answered_as_get_wherever_get_only_reads(running: Running) -> None:
    make_voice(running.client)
    own = ["/", "/index", "/docs", "/manager", "/favicon.ico", "/openapi.json", "/web/main.js"]
    paths = [path for path, methods in running.client.get("/openapi.json").json()["paths"].items() if "get" in methods]
    for path in [*own, *paths]:
        address = re.sub(r"\{\w+\}", "narrator", path)
        head = running.client.head(address, timeout=10)
        assert head.content == b""
        if reads(address):
            get = running.client.get(address, timeout=10)
            assert head.status_code == get.status_code, address
            assert head.headers.get("content-type") == get.headers.get("content-type"), address
        elif address != "/":
            assert head.status_code == 405 and "HEAD" not in head.headers["allow"], address


@pytest.mark.parametrize("path", ["/", "/tts", "/srt"])
def test_head_makes_nobody_speak(running: Running, path: str) -> None:
    make_voice(running.client)
    spoken = {"text": "今天天气不错。", "text_lang": "zh", "text_language": "zh", "model_id": "narrator"}
    running.client.head(path, params=spoken)
    assert not running.engine.requests
    assert running.client.get(path, params=spoken).status_code == 200


ERRORS: list[tuple[Exception, tuple[int, int]]] = [
    (MissingError("voice_missing", model_id="a"), (404, 2)),
    (ConflictError("category_exists", category_id="c"), (409, 2)),
    (StorageFullError("disk_full"), (507, 1)),
    (InvalidRequestError("speed is 9"), (400, 3)),
    (WeightsMissingError("no weights"), (503, 1)),
    (EngineBusyError("busy"), (503, 1)),
    (SynthesisFailedError("unusable"), (500, 1)),
    (TextError("nothing to read"), (400, 3)),
    (OSError(errno.ENOSPC, "No space left on device"), (507, 1)),
    (OperationalError("", {}, Exception("database or disk is full")), (507, 1)),
    (OperationalError("", {}, Exception("server closed the connection")), (503, 1)),
    (DataError("", {}, Exception("integer out of range")), (400, 3)),
    (ZeroDivisionError("secret detail"), (500, 1)),
]


def test_every_error_has_its_status_and_code(running: Running) -> None:
    @running.app.get("/raise/{number}")
    def fail(number: int) -> None:
        raise ERRORS[number][0]

    for number, (error, expected) in enumerate(ERRORS):
        answer = running.client.get(f"/raise/{number}")
        status, code, message = envelope(answer)
        assert (status, code) == expected, error
        assert "secret" not in message
    assert answer.headers["x-request-id"] in message, "what nobody expected can be found in the log"


def test_errors_of_services_agree_with_their_codes() -> None:
    def all_of(kind: type[ServiceError]) -> list[type[ServiceError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in all_of(sub))]

    for kind in all_of(ServiceError):
        if kind.status in (404, 409):
            assert kind.code == 2, kind
        elif kind.status >= 500 or kind.status == 429:
            assert kind.code == 1, kind
        else:
            assert kind.code == 3, kind


def test_a_request_keeps_the_id_that_it_came_with(running: Running) -> None:
    assert running.client.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    odd = running.client.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"]
    assert odd != "a b\tc" and odd


def test_pages() -> None:
    page = PageRequest(3, 20)
    assert page.offset == 40
    assert page.of([1, 2], 42).model_dump() == {"total": 42, "pageIndex": 3, "pageSize": 20, "data": [1, 2]}


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    found: dict[str, object] = json.loads(json.dumps(create_app(load_settings()).openapi()))
    return found


_OWN = ("/voice-models", "/voice-categories", "/models", "/set_model", "/healthz", "/readyz", "/metrics", "/index")


def test_every_field_of_the_openapi_document_is_described(document: FastAPI) -> None:
    schemas = document["components"]["schemas"]  # type: ignore[index]
    bare = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if "description" not in about and name not in ("HTTPValidationError", "ValidationError")
    ]
    assert bare == []


def test_every_route_has_a_summary_a_description_and_its_error_answers(document: FastAPI) -> None:
    for path, methods in document["paths"].items():  # type: ignore[index]
        for method, route in methods.items():
            assert route.get("summary") and route.get("description"), (method, path)
            assert all("description" in each for each in route.get("parameters", [])), (method, path)
            if path.startswith(_OWN[:4]):
                assert {"401", "422", "429", "500"} <= set(route["responses"]), (method, path)
                assert "{" not in path or "404" in route["responses"], (method, path)
