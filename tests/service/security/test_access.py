"""Who gets in: API keys, signed addresses, hosts, origins, rates."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from service.__main__ import main
from service.addresses import is_loopback
from service.http.rates import RateLimit
from service.http.urls import Signer
from service.keys.store import KeyStore
from tests.service.conftest import Running, Starter
from tests.service.keys import add_key, read_keys_again
from tests.service.samples import make_voice
from tests.service.tasks.http import add_reference


def test_without_keys_everybody_gets_in(running: Running) -> None:
    assert running.client.get("/voice-models").status_code == 200


@pytest.mark.both_databases
def test_with_a_key_only_its_bearer_gets_in(running: Running) -> None:
    key = add_key(running)
    refused = running.client.get("/voice-models")
    assert (refused.status_code, refused.json()["code"]) == (401, 3)
    assert refused.headers["www-authenticate"] == "Bearer"
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer {key}"}, {"X-API-Key": key}):
        assert running.client.get("/voice-models", headers=headers).status_code == 200


def test_health_and_the_page_need_no_key(running: Running) -> None:
    add_key(running)
    for path in ["/healthz", "/readyz", "/index", "/", "/manager"]:
        assert running.client.get(path).status_code in (200, 307)


def test_everything_else_needs_one(running: Running) -> None:
    add_key(running)
    for method, path in [
        ("GET", "/metrics"),
        ("GET", "/models"),
        ("GET", "/openapi.json"),
        ("GET", "/?text=a&text_language=zh"),
        ("POST", "/"),
        ("POST", "/set_model"),
        ("POST", "/synthesize"),
        ("GET", "/tts?text=a"),
        ("GET", "/events"),
        ("POST", "/voice-tasks"),
        ("GET", "/voice-tasks/T1/events"),
        ("POST", "/v1/audio/speech"),
        ("GET", "/done/T1.wav"),
        ("GET", "/audio/x/refer.wav"),
        ("GET", "/control?command=exit"),
        ("DELETE", "/voice-models/x"),
        ("GET", "//models"),
        ("GET", "/healthz/../models"),
        ("GET", "/web/../models"),
    ]:
        request = httpx.Request(method, running.url + path)
        assert running.client.send(request).status_code in (401, 404)
        if not path.startswith(("//", "/healthz/", "/web/")):
            assert running.client.send(request).status_code == 401


@pytest.mark.both_databases
def test_a_revoked_key_is_refused(running: Running) -> None:
    key = add_key(running)
    add_key(running, "another")
    headers = {"X-API-Key": key}
    assert running.client.get("/models", headers=headers).status_code == 200
    running.app.state.container.get(KeyStore).revoke("page")
    read_keys_again(running)
    assert running.client.get("/models", headers=headers).status_code == 401


def test_keys_are_kept_as_hashes(running: Running) -> None:
    key = add_key(running)
    running.app.state.container.database.close()
    assert key.encode() not in b"".join(path.read_bytes() for path in running.root.glob("service.db*"))


def test_guessing_is_slowed_down(start: Starter) -> None:
    running = start(failed_logins=5)
    key = add_key(running)
    answers = [running.client.get("/models", headers={"X-API-Key": f"guess{n}"}) for n in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert running.client.get("/models", headers={"X-API-Key": key}).status_code == 200, "has guessed nothing"


def test_health_is_told_with_whatever_key(running: Running) -> None:
    add_key(running)
    assert running.client.get("/healthz", headers={"X-API-Key": "old"}).status_code == 200


@pytest.mark.both_databases
def test_revoking_the_last_key_opens_nothing(running: Running) -> None:
    add_key(running)
    store = running.app.state.container.get(KeyStore)
    store.revoke("page")
    read_keys_again(running)
    assert running.client.get("/models").status_code == 401
    assert store.forget() == 1
    read_keys_again(running)
    assert running.client.get("/models").status_code == 200


def test_addresses_of_files_are_signed_and_need_no_key_then(running: Running) -> None:
    key = {"X-API-Key": add_key(running)}
    running.client.headers.update(key)
    record = make_voice(running.client)
    running.client.headers.pop("X-API-Key")
    for name in ("avatar_url", "refer_wav_url"):
        assert running.client.get(record[name]).status_code == 200
        bare = record[name].split("?")[0]
        assert running.client.get(bare).status_code == 401
        assert running.client.get(bare, headers=key).status_code == 200
    # A signature is for one file and one way of using it.
    query = urlsplit(record["avatar_url"]).query
    assert running.client.get(f"{record['refer_wav_url'].split('?')[0]}?{query}").status_code == 401
    assert running.client.get(f"/voice-models?{query}").status_code == 401
    assert running.client.delete(f"/voice-models/narrator?{query}").status_code == 401


def test_so_are_those_of_speech_with_subtitles(running: Running) -> None:
    key = {"X-API-Key": add_key(running)}
    asked = {"text": "你好。", "text_lang": "zh", "prompt_lang": "zh", "ref_audio_path": add_reference(running)}
    said = running.client.get("/srt", params=asked, headers=key).json()
    for name, beginning in (("srt", b"1\n"), ("audio", b"RIFF")):
        assert running.client.get(said[name]).content.startswith(beginning)
        assert running.client.get(said[name].split("?")[0]).status_code == 401
    query = urlsplit(said["srt"]).query
    refused = running.client.get(f"/srt?text=x&{query}")
    assert refused.status_code == 401, "a signature of a file speaks nothing"


def test_signatures_expire_and_cannot_be_changed() -> None:
    now = [1_000_000.0]
    signer = Signer(b"secret", 3600, clock=lambda: now[0])
    query = signer.sign("/done/a.wav")
    assert signer.valid("/done/a.wav", query)
    assert signer.sign("/done/a.wav") == query, "the same address for a while, so that browsers keep the file"
    assert not signer.valid("/done/b.wav", query)
    assert not signer.valid("/done/a.wav", query.replace("expires=1", "expires=2"))
    assert not Signer(b"other", 3600, clock=lambda: now[0]).valid("/done/a.wav", query)
    for odd in ("", "expires=1", "expires=x&signature=y", "signature=\ud800&expires=9", "&" * 50):
        assert not signer.valid("/done/a.wav", odd)
    now[0] += 2 * 3600
    assert not signer.valid("/done/a.wav", query)


def test_on_loopback_foreign_host_names_are_refused(running: Running) -> None:
    """A page whose name was rebound to 127.0.0.1 sends its own name."""
    for host in ["evil.example", "127.0.0.1.evil.example", "evil.example:9881"]:
        assert running.client.get("/voice-models", headers={"Host": host}).status_code == 403


def test_on_loopback_local_names_are_answered(running: Running) -> None:
    for host in ["localhost:9881", "127.0.0.1", "[::1]:9881", "LOCALHOST"]:
        assert running.client.get("/voice-models", headers={"Host": host}).status_code == 200


def test_a_host_that_is_none_gets_into_no_address(start: Starter) -> None:
    running = start(host="0.0.0.0")
    assert running.client.get("/healthz", headers={"Host": 'x"><script>'}).status_code in (400, 403)
    assert (
        running.client.get("/healthz", headers={"Host": "tts.local:81"}).json()["index_url"]
        == "http://tts.local:81/index"
    )


def test_pages_of_other_sites_cannot_change_anything(running: Running) -> None:
    """A form on another page may send multipart and text without asking; the browser says where it comes from."""
    for headers in [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::bad"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "X-Requested-With": "x"},
        {"Origin": "http://127.0.0.1:1"},
        {"Referer": "http://127.0.0.1:1/page"},
    ]:
        answer = running.client.post(
            "/voice-categories", content=b'{"category_name": "x"}', headers={"Content-Type": "text/plain", **headers}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, 3)
        assert running.client.get("/voice-categories").json()["data"] == []


def test_behind_a_proxy_that_rewrites_the_host_our_page_can_change_things(running: Running) -> None:
    """Over plain http the browser sends an Origin that is not the Host we see; JSON or our page's header prove it."""
    outside = {"Origin": "http://voices.example"}
    assert running.client.post("/voice-categories", json={"category_name": "a"}, headers=outside).status_code == 200
    form = {"model_name": "N", "model_id": "n", "gender": "1"}
    for proof, status in (({"X-Requested-With": "gpt-sovits"}, 422), ({}, 403)):
        answer = running.client.post("/voice-models", data=form, headers={**outside, **proof})
        assert answer.status_code == status, answer.text


GET_CHANGES = ("/set_refer_audio?refer_audio_path=x", "/control?command=exit", "/set_gpt_weights?weights_path=x")


@pytest.mark.parametrize("path", GET_CHANGES)
def test_a_get_that_changes_something_is_refused_where_a_browser_does_not_say_who_asks(
    running: Running, path: str
) -> None:
    """Over plain http off this machine there is no Sec-Fetch-Site, and a page can withhold the Referer."""
    browser = {"User-Agent": "Mozilla/5.0"}
    for headers in (
        browser,
        {**browser, "Referer": "http://evil.example/"},
        {**browser, "Origin": "http://[::bad"},
        {"Referer": "http://evil.example/"},
    ):
        answer = running.client.get(path, headers=headers)
        assert answer.status_code == 403, (headers, answer.text)
    own = {**browser, "Referer": str(running.client.base_url) + "/docs"}
    for headers in (own, {"User-Agent": "curl/8"}, {**browser, "X-Requested-With": "x"}):
        assert "other sites" not in running.client.get(path, headers=headers).text


def test_two_hosts_in_one_request_are_refused(running: Running) -> None:
    address = running.client.base_url
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(b"GET /voice-categories HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_our_own_page_and_programs_can(running: Running) -> None:
    for number, headers in enumerate(({"Origin": running.url}, {}, {"Sec-Fetch-Site": "same-origin"})):
        answer = running.client.post("/voice-categories", json={"category_name": f"x{number}"}, headers=headers)
        assert answer.status_code == 200


def test_other_origins_get_no_permission_by_default_and_configured_ones_do(start: Starter) -> None:
    origin = {"Origin": "https://app.example"}
    closed = start()
    assert "access-control-allow-origin" not in closed.client.get("/models", headers=origin).headers
    opened = start(cors_origins=("https://app.example",))
    assert opened.client.get("/models", headers=origin).headers["access-control-allow-origin"] == "https://app.example"
    asked = {**origin, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "x-api-key"}
    assert opened.client.options("/voice-models/x", headers=asked).status_code == 200
    assert opened.client.post("/voice-categories", json={"category_name": "x"}, headers=origin).status_code == 200
    other = opened.client.get("/models", headers={"Origin": "https://evil.example"}).headers
    assert other.get("access-control-allow-origin") != "https://evil.example"


def test_a_client_over_its_rate_waits(start: Starter) -> None:
    running = start(rate_limit=0.01, rate_burst=3)  # a slow machine gains nothing by its slowness
    answers = [running.client.get("/models") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert (answers[-1].json()["code"], int(answers[-1].headers["retry-after"]) >= 1) == (1, True)
    assert running.client.get("/healthz").status_code == 200, "health is never limited"


def test_rates_are_by_client_and_refill() -> None:
    now = [0.0]
    limit = RateLimit(2, 1, clock=lambda: now[0])
    assert limit.take("a") == 0
    assert limit.take("a") == pytest.approx(0.5)
    assert limit.take("b") == 0
    now[0] = 0.5
    assert limit.take("a") == 0


def test_forwarded_headers_count_from_trusted_proxies_alone(start: Starter) -> None:
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "tts.example",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Prefix": "/media/tts",
    }
    assert start().client.get("/healthz", headers=headers).json()["index_url"].startswith("http://127.0.0.1")
    behind = start(trusted_proxies="127.0.0.0/8")
    found = behind.client.get("/healthz", headers=headers).json()["index_url"]
    assert found == "https://tts.example/media/tts/index"
    evil = {
        **headers,
        "X-Forwarded-Host": 'a"><script>',
        "X-Forwarded-Prefix": "/x//..",
        "X-Forwarded-Proto": "javascript",
    }
    assert behind.client.get("/healthz", headers=evil).json()["index_url"].startswith("http://127.0.0.1")


def test_behind_a_prefix_everything_is_as_without(start: Starter) -> None:
    """Dialects of errors, limits, policies, keys and signatures go by the path that we know."""
    running = start(trusted_proxies="127.0.0.0/8", json_limit=2000)
    key = {"X-API-Key": add_key(running)}
    prefix = {"X-Forwarded-Prefix": "/media/tts", "X-Forwarded-Host": "tts.example"}
    for path in ("/index", "/tts", "/v1/models/none", "/srt", "/voice-models", "/done/none.wav", "/healthz"):
        plain = running.client.get(path, headers=key)
        behind = running.client.get(path, headers={**key, **prefix})
        assert behind.status_code == plain.status_code, path
        assert behind.headers["content-security-policy"] == plain.headers["content-security-policy"], path
        if plain.status_code >= 400:
            assert behind.json() == plain.json(), path
    assert running.client.get("/index", headers=prefix).status_code == 200
    assert running.client.get("/voice-models", headers=prefix).status_code == 401
    assert running.client.post("/tts", headers={**key, **prefix}, content=b"x" * 3000).status_code == 413
    running.client.headers.update(key)
    make_voice(running.client)
    signed = running.client.get("/voice-models/narrator", headers=prefix).json()["data"]["refer_wav_url"]
    running.client.headers.pop("X-API-Key")
    assert signed.startswith("http://tts.example/media/tts/audio/narrator/")
    read = running.client.get(signed.removeprefix("http://tts.example/media/tts"), headers=prefix)
    assert read.status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("127.1.2.3", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_keys_on_the_command_line(tmp_path: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command(*words: str) -> tuple[int, str, str]:
        status = main(["--root", str(tmp_path), "keys", *words])
        return status, *capsys.readouterr()

    status, key, _ = command("add", "reader")
    assert status == 0 and key.startswith("gsv_") and len(key.strip()) > 40
    assert command("add", "reader")[0] == 1
    assert all(command("add", name)[0] == 1 for name in (" ", "reader "))
    assert key.strip()[8:] not in (listing := command("list")[1])
    assert "reader" in listing and "valid" in listing
    assert command("revoke", "reader")[0] == 0
    assert "revoked" in command("list")[1]
    assert command("revoke", "reader")[0] == 1
    assert command("add", "bad\nname")[0] == 1


def test_an_open_service_warns_in_one_line(start: Starter, caplog: pytest.LogCaptureFixture) -> None:
    start(host="0.0.0.0")
    warnings = [record.getMessage() for record in caplog.records if "without an API key" in record.getMessage()]
    assert len(warnings) == 1 and "\n" not in warnings[0]
    caplog.clear()
    start()
    assert "without an API key" not in caplog.text
