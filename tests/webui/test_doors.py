"""Who gets in and what can be reached: keys, Gradio's file routes, old clients' routes, other sites' content."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.waiting import eventually, eventually_async
from tests.webui.fakeservice import FakeService, fake_app, tone
from tests.webui.sites import client_of, serving, site
from webui.command import parser, prepared
from webui.logins import Logins
from webui.service import ServiceCallError, needs_key
from webui.serving import server
from webui.unknown import refuse_unknown

if TYPE_CHECKING:
    from tests.webui.sites import Site

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "path", [ROOT / "pyproject.toml", ROOT / "webui/app.css", Path("/etc/passwd"), Path.home() / ".bashrc", "x/../../y"]
)
@pytest.mark.parametrize("prefix", ["/gradio_api", ""])
def test_file_routes_reach_nothing_of_the_machine(shared: Site, path: Path | str, prefix: str) -> None:
    answer = httpx.get(f"{shared.url}{prefix}/file={path}", trust_env=False)
    assert answer.status_code in (403, 404)


def _said(url: str, endpoint: str, **given: Any) -> str:
    """What a page says to a call that is sent as it stands: a client would upload the files that it names."""
    with httpx.Client(base_url=f"{url}/gradio_api", trust_env=False, timeout=30) as http:
        parameters = http.get("/info").json()["named_endpoints"][f"/{endpoint}"]["parameters"]
        data = [given.get(each["parameter_name"], each.get("parameter_default")) for each in parameters]
        event = http.post(f"/call/{endpoint}", json={"data": data}).json()["event_id"]
        return http.get(f"/call/{endpoint}/{event}").text


def test_a_path_on_the_server_is_no_upload(shared: Site, tmp_path: Path) -> None:
    sound, text = tmp_path / "outside.wav", tmp_path / "secret.txt"
    sound.write_bytes(tone(4))
    text.write_text("topsecret")
    for path in (sound, text, Path("/proc/self/environ"), ROOT / "pyproject.toml"):
        named = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        for given in ({"ref_wav_path": named}, {"inp_refs": [named]}):
            said = _said(shared.url, "get_tts_wav", prompt_language="中文", text="好", **given)
            assert "event: error" in said and ("not uploaded" in said or "blocked_paths" in said), said
    cache = Path(tempfile.gettempdir()) / "gradio"
    assert not [copy for name in ("outside.wav", "secret.txt", "environ") for copy in cache.rglob(name)]
    assert not shared.fake.posted


@pytest.mark.parametrize("name", ["evil.example", "evil.example:9874", "127.0.0.1.evil.example", "localhost@evil"])
def test_a_foreign_name_is_refused_where_it_listens_on_this_machine_alone(shared: Site, name: str) -> None:
    answer = httpx.get(shared.url, headers={"Host": name}, trust_env=False)
    assert answer.status_code == 403 and "--allowed-host" in answer.text


def test_names_of_this_machine_and_of_a_proxy_are_answered(shared: Site) -> None:
    for name in ("localhost", "127.0.0.1:80", "[::1]:9874", "localhost:1"):
        assert httpx.get(shared.url, headers={"Host": name}, trust_env=False).status_code == 200, name
    with site(allowed_hosts=("voice.example",)) as other:
        assert httpx.get(other.url, headers={"Host": "Voice.example"}, trust_env=False).status_code == 200


def test_old_clients_find_their_routes(shared: Site) -> None:
    with httpx.Client(base_url=shared.url, trust_env=False, timeout=30) as http:
        assert "/open_slice" in http.get("/info").json()["named_endpoints"]
        event = http.post("/call/sync", json={"data": ["abc"]}).json()["event_id"]
        assert '"value": "abc"' in http.get(f"/call/sync/{event}").text
        body = {"data": ["达摩 ASR (中文)"], "fn_index": 0, "session_hash": "s"}
        http.post("/queue/join", json=body).raise_for_status()
        with http.stream("GET", "/queue/data", params={"session_hash": "s"}) as events:
            said = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
        assert said[-2]["output"]["data"][0]["choices"] == [["zh", "zh"], ["yue", "yue"]]


@pytest.mark.parametrize("number", [-1, 9999, 10**30])
@pytest.mark.parametrize("path", ["/queue/join", "/run/predict", "/api/predict", "/gradio_api/queue/join"])
def test_a_function_that_there_is_not_is_the_clients_error(shared: Site, path: str, number: int) -> None:
    body = {"data": [], "fn_index": number, "session_hash": "unknown"}
    answer = httpx.post(f"{shared.url}{path}", json=body, trust_env=False)
    assert answer.status_code == 404 and "/info lists" in answer.json()["detail"], answer.text


@pytest.mark.parametrize("path", ["/call/nothing", "/run/nothing", "/api/nothing", "/gradio_api/call/v2/nothing"])
def test_a_function_of_another_name_is_the_clients_error(shared: Site, path: str) -> None:
    answer = httpx.post(f"{shared.url}{path}", json={"data": []}, trust_env=False)
    assert answer.status_code == 404 and "'nothing'" in answer.json()["detail"], answer.text


def test_what_an_action_lacks_is_no_error_of_the_client() -> None:
    app = FastAPI()
    refuse_unknown(app)

    @app.get("/")
    async def broken() -> None:
        raise KeyError("ours")

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as http:
            return await http.get("/")

    assert asyncio.run(asked()).status_code == 500


def test_browsers_load_nothing_from_elsewhere(shared: Site) -> None:
    answer = httpx.get(shared.url, trust_env=False)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy
    assert "fonts.googleapis" not in httpx.get(f"{shared.url}/theme.css", trust_env=False).text


async def _good(key: str) -> bool:
    return key == "good"


def test_a_session_ends_with_its_key() -> None:
    keys, now = {"good": True}, [0.0]

    async def opens(key: str) -> bool:
        if key not in keys:
            raise ServiceCallError("away")
        return keys[key]

    async def story() -> None:
        logins = Logins(opens, lambda: now[0])
        assert await logins.login("any", "good")
        logins["session"] = "any"
        keys["good"] = False
        assert logins.get("session") == "any", "a key is not asked about at each request"
        now[0] = 100.0
        del keys["good"]
        logins.get("session")
        await asyncio.sleep(0.01)
        assert logins.get("session") == "any", "the service may be away"
        keys["good"], now[0] = False, 200.0
        logins.get("session")
        await eventually_async(lambda: logins.get("session") is None)
        assert not await logins.login("any", "good") and not await logins.login("any", "unknown")

    asyncio.run(story())


def test_sessions_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.logins._MOST", 3)

    async def story() -> None:
        logins = Logins(_good)
        await logins.login("any", "good")
        for number in range(5):
            logins[str(number)] = "any"
        assert list(logins) == ["2", "3", "4"]

    asyncio.run(story())


@pytest.mark.full
def test_where_a_login_is_asked_for_nobody_else_calls_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.logins._AGAIN_S", 0.0)
    good = {"good"}

    async def opens(key: str) -> bool:
        return key in good

    with site(opens=opens) as found:
        for path in ("/gradio_api/info", "/info", "/gradio_api/file=x", "/queue/data?session_hash=a"):
            assert httpx.get(found.url + path, trust_env=False).status_code == 401
        joined = httpx.post(f"{found.url}/queue/join", json={"data": [], "fn_index": 3}, trust_env=False)
        assert joined.status_code == 401
        with pytest.raises(Exception, match=r"."):
            found.client(auth=("any", "bad"))
        client = found.client(auth=("any", "good"))
        assert client.predict("x", api_name="/sync")["value"] == "x"
        assert client.predict(api_name="/change_label") == "音频标注WebUI已开启"
        label = f"http://127.0.0.1:{found.pages.sites['label'].port}"
        assert httpx.get(f"{label}/gradio_api/info", trust_env=False).status_code == 401
        found.fake.lists["a.list"] = []
        assert client_of(label, auth=("any", "good")).predict("a.list", api_name="/load_list")
        good.clear()
        with httpx.Client(base_url=found.url, cookies=client.cookies, trust_env=False) as http:
            eventually(lambda: http.get("/info").status_code == 401)


def test_the_login_is_a_key_of_the_service() -> None:
    fake = FakeService(key="good")
    with serving(lambda: server(fake_app(fake), "127.0.0.1")) as url:
        assert needs_key(url) and needs_key(url, "bad") and not needs_key(url, "good")
        given = parser().parse_args(["--service", url, "--key", "bad"])
        with pytest.raises(ServiceCallError, match="key"):
            prepared(given, url, "bad")
        opens = prepared(given, url, "good").door.opens
        assert opens is not None
        assert [asyncio.run(opens(key)) for key in ("good", "bad", "")] == [True, False, False]
        fake.key = None
        assert prepared(given, url, None).door.opens is None


@pytest.mark.full
def test_uploads_end_at_a_limit(shared: Site) -> None:
    files = {"files": ("a.wav", tone(400), "audio/wav")}
    answer = httpx.post(f"{shared.url}/gradio_api/upload", files=files, trust_env=False, timeout=60)
    assert answer.status_code == 413
