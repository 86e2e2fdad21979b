"""Thousands of mutated uploads: none is answered with 5xx, none leaves a file behind or memory taken."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.service.proof.harness import REFERENCE, Service, serving
from tests.service.proof.mutations import Mutations, Sent
from tests.service.samples import FIELDS, clip
from tests.waiting import eventually

Found = dict[str, Any]
_THREADS = 4
_MEGABYTES = 50.0
_LANGUAGES = ("中文", "英文", "日文", "韩文", "粤语", "多语种混合", "多语种混合(粤语)")


def _warm_up(service: Service, made: Mutations) -> None:
    """Load what the first request of each kind loads: dictionaries, decoders, caches."""
    with service.client(120) as client:
        answer = client.post(
            "/voice-models", data={**FIELDS, "model_id": "kept"}, files={"refer_wav": ("r.wav", clip(3.2))}
        )
        assert answer.status_code == 200, answer.text
        for language in _LANGUAGES:
            # Digits tell nothing of their language: whether they can be spoken only its dictionaries know.
            client.post("/synthesize", json={"text": "01", "text_language": language, "ref_wav_path": REFERENCE})
        client.post("/text/preview", json={"text": "你好"})
    _send_all(service, [made.next() for _ in range(100)], Counter(), [])


def _send(client: httpx.Client, sent: Sent) -> int:
    answer = client.request(sent.method, sent.path, content=sent.body, headers=sent.headers)
    if answer.status_code == 200 and sent.path in ("/voice-models", "/voice-models/import"):
        with contextlib.suppress(ValueError, KeyError):
            client.delete(f"/voice-models/{answer.json()['data']['model_id']}")
    return answer.status_code


def _send_all(service: Service, batch: list[Sent], answers: Counter[int], wrong: list[str]) -> None:
    clients = [service.client(60) for _ in range(_THREADS)]

    def one(item: tuple[int, Sent]) -> int:
        number, sent = item
        return _send(clients[number % _THREADS], sent)

    with ThreadPoolExecutor(_THREADS) as pool:
        for sent, status in zip(batch, pool.map(one, enumerate(batch)), strict=True):
            answers[status] += 1
            if status >= 500:
                wrong.append(f"{status} {sent.method} {sent.path} {sent.headers} {sent.body[:300]!r}")
    for client in clients:
        client.close()


def _cut_off(service: Service, sent: Sent, declared: int) -> None:
    """Send a body that is shorter or longer than it says, and hang up."""
    head = f"{sent.method} {sent.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {declared}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(head.encode() + b"\r\n" + sent.body)


def _left_behind(service: Service) -> list[str]:
    """Return what lies on disk though nothing in the database owns it."""
    root = service.root
    with service.client(60) as client:

        def unfinished(state: str) -> int:
            return int(client.get(f"/voice-tasks?status={state}").json()["data"]["total"])

        eventually(lambda: not any(map(unfinished, ("wait", "run"))))
        while tasks := client.get("/voice-tasks?page_size=100").json()["data"]["data"]:
            for task in tasks:
                client.delete(f"/voice-tasks/{task['task_id']}")
        voices = {"kept"}
        page = client.get("/voice-models?page_size=100").json()["data"]
        voices |= {voice["model_id"] for voice in page["data"]}
    assert page["total"] == len(page["data"])
    # A cut-off upload is still being cleared away while its client has gone.
    until = time.monotonic() + 5
    while True:
        left = [path for name in (".staging", ".trash") for path in (root / "audio" / name).glob("*")]
        left += [
            path
            for path in (root / "audio").iterdir()
            if path.is_dir() and not path.name.startswith(".") and path.name not in voices
        ]
        left += [path for name in ("task", "done", "error") for path in (root / name).iterdir()]
        left += [*root.rglob("*.tmp"), *root.rglob("*.part")]
        left += [path for path in (root / "audio/kept").iterdir() if path.name.startswith(("received", "."))]
        if not left or time.monotonic() > until:
            return [str(path.relative_to(root)) for path in left]
        time.sleep(0.1)


def run(root: Path, count: int = 10_000, seed: int = 0) -> Found:
    """Send so many and return what was found."""
    made, answers, wrong = Mutations(seed, REFERENCE), Counter[int](), list[str]()
    with serving(
        root, seconds_per_segment=0.0, waiting_limit=1_000_000, rate_limit=1e6, rate_burst=1_000_000
    ) as service:
        assert service.process is not None
        pid = service.process.pid
        _warm_up(service, made)
        before, handles = service.memory(), service.handles()
        began, memory = time.monotonic(), [0.0]
        for first in range(0, count, 200):
            batch = [made.next() for _ in range(min(200, count - first))]
            for sent in batch[:2]:
                _cut_off(service, sent, made.chance.choice((len(sent.body) // 2, len(sent.body) + 1000)))
            _send_all(service, batch, answers, wrong)
            memory.append((service.memory() - before) / 1e6)
        seconds = time.monotonic() - began
        left = _left_behind(service)
        crashed = service.process.poll() is not None or service.process.pid != pid
        with service.client() as client:
            crashed = crashed or client.get("/healthz").status_code != 200
        more = service.handles() - handles
    return {
        "good": not wrong and not left and not crashed and memory[-1] < _MEGABYTES and more <= 10,
        "uploads": count,
        "answers": {str(status): number for status, number in sorted(answers.items())},
        "answers_5xx": wrong[:20],
        "left_behind": left[:20],
        "crashed": crashed,
        "megabytes_more": round(memory[-1], 1),
        "megabytes_along_the_way": [round(value, 1) for value in memory[:: max(1, len(memory) // 20)]],
        "handles_more": more,
        "uploads_per_second": round(count / seconds, 1),
        "seed": json.dumps(seed),
    }
