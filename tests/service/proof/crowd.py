"""Many clients at once: the same task a hundred times, submits with cancels, pollers and streams, slow clients."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.service.proof.harness import Service, serving, task_body

Found = dict[str, Any]


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _milliseconds(values: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p99": 0.99}
    found = {name: round(1000 * percentile(values, share), 1) for name, share in shares.items()}
    return {**found, "max": round(1000 * max(values, default=0.0), 1), "count": len(values)}


def same_task(root: Path, threads: int = 100) -> Found:
    """A hundred threads submit one task: one job, equal answers; another body is a conflict."""
    with serving(root, seconds_per_segment=0.3) as service:
        together = threading.Barrier(threads)
        content = task_body("same", "一句话。两句话。")

        def send(_: int) -> tuple[int, str]:
            with service.client(30) as client:
                together.wait()
                answer = client.post("/voice-tasks", json=content)
                entry = answer.json()["data"]
                return answer.status_code, json.dumps([entry["task_id"], entry["created_at"], entry["text"]])

        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(send, range(threads)))
        with service.client() as client:
            other = client.post("/voice-tasks", json=task_body("same", "别的。")).status_code
            total = client.get("/voice-tasks").json()["data"]["total"]
    statuses = Counter(status for status, _ in answers)
    equal = len({said for _, said in answers})
    good = statuses == {201: 1, 200: threads - 1} and equal == 1 and other == 409 and total == 1
    return {"good": good, "answers": dict(statuses), "different_answers": equal, "another_body": other, "tasks": total}


def submits_and_cancels(root: Path, count: int = 1000, seed: int = 0) -> Found:
    """Submit and cancel or remove while they wait or run: each task ends in exactly one state."""
    chance = random.Random(seed)
    plan = [(f"c{n}", chance.choice(("cancel", "delete", "leave")), chance.uniform(0, 0.1)) for n in range(count)]

    with serving(root, seconds_per_segment=0.01, waiting_limit=1_000_000) as service:
        began = time.monotonic()
        clients = [service.client(60) for _ in range(8)]

        def one(item: tuple[int, tuple[str, str, float]]) -> tuple[str, str, int, int]:
            number, (task_id, what, pause) = item
            client = clients[number % len(clients)]
            submitted = client.post("/voice-tasks", json=task_body(task_id, "一句话。两句话。三句话。"))
            time.sleep(pause)
            status = 0
            if what == "cancel":
                status = client.post(f"/voice-tasks/{task_id}/cancel").status_code
            elif what == "delete":
                status = client.delete(f"/voice-tasks/{task_id}").status_code
            return task_id, what, submitted.status_code, status

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(one, enumerate(plan)))
        submitting = time.monotonic() - began
        ends, wrong = _ends(service, done)
        # What was spoken of a cancelled task is kept for a retry.
        kept = {f".{path.stem}" for path in root.glob("error/*.json")}
        leftovers = [path.name for path in (*root.glob("task/*"), *root.glob("done/.*")) if path.name not in kept]
    return {
        "good": not wrong and not leftovers,
        "ends": dict(ends),
        "wrong": wrong,
        "left_behind": leftovers,
        "submits_per_second": round(count / submitting, 1),
    }


def _ends(service: Service, done: list[tuple[str, str, int, int]]) -> tuple[Counter[str], list[str]]:
    """Wait for the end of all and compare each with what was asked."""
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    with service.client() as client:
        for task_id, what, submitted, answered in done:
            until = time.monotonic() + 60
            while True:
                answer = client.get(f"/voice-tasks/{task_id}")
                entry = answer.json().get("data") or {}
                end = "gone" if answer.status_code == 404 else str(entry["error"] or entry["status"])
                if end not in ("wait", "run") or time.monotonic() > until:
                    break
                time.sleep(0.05)
            ends[end] += 1
            cancelled = what == "cancel" and answered == 200
            expected = "gone" if what == "delete" else "cancelled" if cancelled else "done"
            if end != expected or submitted != 201:
                wrong.append(f"{task_id}: {what} ({answered}) ended as {end}")
            files = {name: (service.root / name / f"{task_id}.json").exists() for name in ("task", "done", "error")}
            if sum(files.values()) != (0 if end == "gone" else 1):
                wrong.append(f"{task_id}: {end}, files {files}")
    return ends, wrong


def pollers_and_streams(root: Path, pollers: int = 1000, streams: int = 200, seconds: float = 20.0) -> Found:
    """Pollers at 1 Hz and event streams during synthesis: how long an answer takes, and how much synthesis slows."""
    with serving(root, seconds_per_segment=0.2, parallel=4, concurrent_tasks=4, waiting_limit=1_000_000) as service:
        quiet = _speed(service, "q", seconds / 2)
        latencies, told = asyncio.run(_crowd(service, pollers, streams, seconds))
        crowded = told.pop("segments_per_second")
    slowed = 1 - crowded / quiet if quiet else 1.0
    found = {
        "poll": _milliseconds(latencies),
        "events_told": told,
        "segments_per_second_alone": round(quiet, 2),
        "segments_per_second_crowded": round(crowded, 2),
        "slowed_percent": round(100 * slowed, 1),
    }
    return {"good": percentile(latencies, 0.99) < 0.2 and slowed < 0.05, **found}


def _fill(service: Service, prefix: str, tasks: int = 40) -> None:
    with service.client(60) as client:
        for number in range(tasks):
            client.post("/voice-tasks", json=task_body(f"{prefix}{number}", "一句话。两句话。三句话。" * 8))


def _finished(service: Service) -> int:
    return len(service.spoken.read_text("utf-8").splitlines()) if service.spoken.exists() else 0


def _speed(service: Service, prefix: str, seconds: float) -> float:
    _fill(service, prefix)
    time.sleep(1.0)
    before = _finished(service)
    time.sleep(seconds)
    return (_finished(service) - before) / seconds


async def _crowd(service: Service, pollers: int, streams: int, seconds: float) -> tuple[list[float], Found]:
    _fill(service, "p")
    latencies: list[float] = []
    told: Counter[str] = Counter()
    stop = asyncio.Event()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=30, trust_env=False) as client:

        async def poll(number: int) -> None:
            await asyncio.sleep(random.random())
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            while not stop.is_set():
                began = time.perf_counter()
                status = await _get(reader, writer, f"/voice-tasks/p{number % 40}")
                took = time.perf_counter() - began
                latencies.append(took)
                told[f"status_{status}"] += 1
                await asyncio.sleep(max(0.0, 1.0 - took))

        async def follow(number: int) -> None:
            async with client.stream("GET", f"/voice-tasks/p{number % 40}/events") as response:
                async for line in response.aiter_lines():
                    told["events"] += line.startswith("event: task")
                    if stop.is_set():
                        return

        work = [asyncio.create_task(poll(n)) for n in range(pollers)]
        work += [asyncio.create_task(follow(n)) for n in range(streams)]
        await asyncio.sleep(3.0)
        latencies.clear()
        before = _finished(service)
        await asyncio.sleep(seconds)
        speed = (_finished(service) - before) / seconds
        stop.set()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    return latencies, {**told, "segments_per_second": speed}


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    """Ask once over a kept connection; a whole HTTP client would cost more than the server."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    await reader.readexactly(int(head.partition("content-length:")[2].split("\r\n", 1)[0]))
    return int(head.split(" ", 2)[1])


def slow_clients(root: Path, clients: int = 500, seconds: float = 20.0) -> Found:
    """Clients that send a byte a second: how long the others wait for an answer."""
    lines = ("POST /voice-tasks HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", "Content-Length: 900")
    head = "\r\n".join([*lines, "", ""]).encode()
    with serving(root) as service, service.client() as client:
        sockets = []
        for _ in range(clients):
            connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
            connection.sendall(head)
            sockets.append(connection)
        latencies: list[float] = []
        until = time.monotonic() + seconds
        next_byte = time.monotonic()
        while time.monotonic() < until:
            if time.monotonic() >= next_byte:
                next_byte += 1.0
                for connection in sockets:
                    connection.send(b" ")
            began = time.perf_counter()
            assert client.get("/healthz").status_code == 200
            latencies.append(time.perf_counter() - began)
            time.sleep(0.01)
        for connection in sockets:
            connection.close()
        gone = client.get("/healthz").status_code
    health = _milliseconds(latencies)
    spread = round(1000 * statistics.pstdev(latencies), 2)
    return {"good": health["p99"] < 100 and gone == 200, "clients": clients, "health": health, "spread_ms": spread}
