"""Many clients at once: the same task a hundred times, submits with cancels, slow clients."""

from __future__ import annotations

import json
import random
import socket
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.service.proof.figures import Found, milliseconds
from tests.service.proof.harness import Service, serving, task_body


def same_task(root: Path, threads: int = 100, **settings: object) -> Found:
    """A hundred threads submit one task: one job, equal answers; another body is a conflict."""
    with serving(root, seconds_per_segment=0.3, **settings) as service:
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
    good = statuses == {200: threads} and equal == 1 and other in (200, 409) and total == 1
    return {"good": good, "answers": dict(statuses), "different_answers": equal, "another_body": other, "tasks": total}


def submits_and_cancels(root: Path, count: int = 1000, seed: int = 0, **settings: object) -> Found:
    """Submit and cancel or remove while they wait or run: each task ends in exactly one state."""
    chance = random.Random(seed)
    plan = [(f"c{n}", chance.choice(("cancel", "delete", "leave")), chance.uniform(0, 0.1)) for n in range(count)]

    with serving(root, seconds_per_segment=0.01, waiting_limit=1_000_000, **settings) as service:
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
            if end != expected or submitted != 200:
                wrong.append(f"{task_id}: {what} ({answered}) ended as {end}")
            # The end is told before what it leaves behind is dropped.
            until, wanted = time.monotonic() + 10, 0 if end == "gone" else 1
            while sum((files := _entries(service.root, task_id)).values()) != wanted and time.monotonic() < until:
                time.sleep(0.02)
            if sum(files.values()) != wanted:
                wrong.append(f"{task_id}: {end}, files {files}")
    return ends, wrong


def _entries(root: Path, task_id: str) -> dict[str, bool]:
    """In which folders a task has an entry."""
    return {name: (root / name / f"{task_id}.json").exists() for name in ("task", "done", "error")}


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
    health = milliseconds(latencies)
    spread = round(1000 * statistics.pstdev(latencies), 2)
    return {"good": health["p99"] < 100 and gone == 200, "clients": clients, "health": health, "spread_ms": spread}
