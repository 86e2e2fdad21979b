"""kill -9 of the service and of a client in the middle of jobs that real clients follow through the page."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from service.settings import load_settings
from tests.page.serving import free_port
from tests.service.serving import http_client
from tests.service.training.bench import recordings
from tests.service.training.http import session
from tests.waiting import eventually
from tests.webui.counting import counting_service
from tests.webui.sites import client_of, page_of

UNITS = 30
_GOES_AWAY = """
import sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False, ssl_verify=False)
print(client.submit(*sys.argv[3:], api_name=sys.argv[2]).result(), flush=True)
"""


@pytest.mark.full
def test_jobs_outlive_the_service_and_clients_hear_their_end(tmp_path: Path) -> None:
    """Two clients follow a job each, a third one is killed; then the service is, with -9, and comes back."""
    settings = load_settings(root=tmp_path, host="127.0.0.1")
    raw = {name: recordings(settings, f"data/{name}/raw", units=UNITS, seconds=0.05) for name in "abc"}
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with page_of(address, root=tmp_path) as (url, _):
        with counting_service(tmp_path, port) as service:
            clients: list[Any] = [client_of(url), client_of(url)]
            slicing = clients[0].submit(raw["a"], "output/a", n_parts=1, api_name="/open_slice")
            denoising = clients[1].submit(raw["b"], "output/b", api_name="/open_denoise")
            gone = _script(url, "/open_asr", raw["c"], "output/c")
            with http_client(address) as http:
                eventually(lambda: http.get("/gpt_sovits/jobs/webui-asr").status_code == 200)
                gone.send_signal(signal.SIGKILL)
                eventually(lambda: len(_made(tmp_path)) > 3)
            service.kill()
            service.wait()
        assert not slicing.done() and not denoising.done()
        assert len(_made(tmp_path)) < 3 * UNITS
        with counting_service(tmp_path, port), http_client(address) as http:
            assert slicing.result(timeout=120)[0] == "语音切分已完成"
            assert denoising.result(timeout=120)[0] == "语音降噪已完成"
            eventually(lambda: session(http, "webui-asr")["state"] == "done", seconds=120)
            for name, step in zip("abc", ("slice", "denoise", "asr"), strict=True):
                assert len(list((tmp_path / "output" / name).glob("unit-*"))) == UNITS
                assert [event["state"] for event in session(http, f"webui-{step}")["steps"]] == ["done"]
            assert clients[0].predict(api_name="/close_slice") == "语音切分已关闭"
    gone.wait()


def _script(url: str, endpoint: str, *given: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _GOES_AWAY, url, endpoint, *given], stdout=subprocess.DEVNULL)


def _made(root: Path) -> list[Path]:
    return list((root / "output").glob("*/unit-*"))
