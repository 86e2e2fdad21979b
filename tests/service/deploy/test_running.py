"""The commands of ``deploy/compose.yaml`` as processes, without containers: a replica, a worker, and what they need.

The engine is the real one, with the voice that comes with the program.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from tests.service.postgresql import NoServerError, PostgresServer, postgres_server
from tests.service.proof.harness import free_port
from tests.service.rabbitmq import NoBrokerError, RabbitServer, rabbit_server
from tests.waiting import eventually

pytestmark = pytest.mark.full
ROOT = Path(__file__).parents[3]
VOICE, TEXT = "starter-meadow", "The weather is very nice today. Please close the door before you leave."


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RabbitServer, PostgresServer]]:
    try:
        with rabbit_server() as rabbit, postgres_server() as postgres:
            yield rabbit, postgres
    except (NoBrokerError, NoServerError) as error:
        pytest.skip(str(error))


@contextmanager
def started(name: str, addresses: dict[str, str], log: Path, *more: str) -> Iterator[None]:
    """Run what the file says of a service, with other addresses and ports."""
    service: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))["services"][name]
    assert set(addresses) <= set(service["environment"])
    environment = os.environ | {"GPT_SOVITS_STARTER": "true"} | service["environment"] | addresses
    command = [sys.executable, *service["command"][1:], *more]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
        assert process.poll() is None, log.read_text("utf-8")
        process.terminate()
        assert process.wait(60) in (0, -signal.SIGTERM), log.read_text("utf-8")
    finally:
        process.kill()
        process.wait()


def test_a_replica_without_an_engine_answers_with_what_a_worker_speaks(
    servers: tuple[RabbitServer, PostgresServer], tmp_path: Path
) -> None:
    rabbit, postgres = servers
    root, port = tmp_path / "data", free_port()
    root.mkdir()
    addresses = {
        "GPT_SOVITS_ROOT": str(root),
        "GPT_SOVITS_BROKER": rabbit.url,
        "GPT_SOVITS_DATABASE_URL": postgres.address(postgres.create()),
    }
    with ExitStack() as stack:
        stack.enter_context(started("api", addresses, tmp_path / "api.log", "--host", "127.0.0.1", "--port", str(port)))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False))
        eventually(lambda: _answers(client), 120)
        worker = tmp_path / "worker.log"
        stack.enter_context(started("speech", addresses, worker, "--metrics-port", str(free_port())))
        given = {"user_id": "u", "task_id": "t", "model_id": VOICE, "text": TEXT, "text_lang": "en", "seed": 1}
        assert client.post("/voice-tasks", json=given).status_code == 200
        ended = eventually(lambda: _ended(client), 240)
        assert ended is not None and ended["status"] == "done", (ended, worker.read_text("utf-8"))
        found = client.get("/done/t.wav")
        assert found.status_code == 200
        assert _seconds_of_speech(found.content) > 2
        streamed = client.post("/tts", json={"model_id": VOICE, "text": TEXT, "text_lang": "en", "seed": 1})
        assert streamed.status_code == 200, streamed.text
        assert _seconds_of_speech(streamed.content) > 2, "what a client waits for is spoken by the worker too"


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def _ended(client: httpx.Client) -> dict[str, Any] | None:
    task: dict[str, Any] = client.get("/voice-tasks/t").json()["data"]
    return task if task["status"] in ("done", "error", "cancelled") else None


def _seconds_of_speech(content: bytes) -> float:
    """Seconds of a recording in which something is heard."""
    with wave.open(io.BytesIO(content)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    frames = samples[: len(samples) // (rate // 50) * (rate // 50)].reshape(-1, rate // 50).astype(np.float64)
    return float((np.sqrt((frames**2).mean(1)) > 300).sum()) / 50
