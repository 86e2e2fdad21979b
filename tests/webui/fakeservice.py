"""A service that answers as the contract says and computes nothing; tests tell it how each step goes."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

SOVITS = ("SoVITS_weights_v2/xxx_e12_s144.pth", "SoVITS_weights_v2/xxx_e4_s48.pth", "SoVITS_weights_v2/xxx_e8_s96.pth")
GPT = ("GPT_weights_v2/xxx-e15.ckpt", "GPT_weights_v2/xxx-e5.ckpt")
BASES_SOVITS = ("gsv-v2final-pretrained/s2G2333k.pth", "gsv-v4-pretrained/s2Gv4.pth", "s2G488k.pth", "s2Gv3.pth")
BASES_GPT = (
    "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
    "s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt",
    "s1v3.ckpt",
)
_FOLDER = "GPT_SoVITS/pretrained_models/"


@dataclass
class FakeJob:
    """A job: goes on by one state with each look, and stays in the last."""

    kind: str
    fields: dict[str, Any]
    states: list[dict[str, Any]]

    def look(self) -> dict[str, Any]:
        """Return the session's entry, and go on by one state."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        step = {"kind": self.kind, "done": state.get("done", 0), "total": 3 if "done" in state else 0}
        plain: dict[str, Any] = {"progress": 0, "error": None, "artefacts": [], "log": []}
        return {**plain, **state, "kind": self.kind, "steps": [step], "session_id": self.fields["session_id"]}


@dataclass
class FakeService:
    """The service.

    Attributes:
        held: Sessions whose jobs run until they are cancelled or let go.
        failing: Names of experiments whose jobs fail.
        posted: Bodies by route, in the order in which they came.
        key: That requests have to carry; None for none.
        away: Whether every request is answered by 503.
        refused: How many were.
        ages: Seconds since a voice was made; others are new.
        written: Lists that were written.
    """

    held: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    key: str | None = None
    away: bool = False
    refused: int = 0
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    voices: dict[str, list[str]] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    written: int = 0

    def body(self, route: str) -> dict[str, Any]:
        """Return the newest body of a route."""
        return next(body for name, body in reversed(self.posted) if name == route)

    def start(self, route: str, body: dict[str, Any]) -> None:
        """Make a job."""
        self.posted.append((route, body))
        session = body["session_id"]
        self.jobs[session] = FakeJob(route, body, self._states(route, body))

    def cancel(self, session: str) -> bool:
        """Cancel a session's job; returns whether one ran."""
        job = self.jobs.get(session)
        if job is None or job.states[0]["state"] not in ("wait", "run"):
            return False
        self.held.discard(session)
        job.states = [{"state": "cancelled"}]
        return True

    def let_go(self, session: str) -> None:
        """Let a held job finish."""
        self.held.discard(session)
        self.jobs[session].states = [_done(self.jobs[session].fields)]

    def _states(self, route: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        name = body.get("exp_name", "")
        if name in self.failing:
            return [{"state": "error", "error": f"{name} fails", "done": 0}]
        if body["session_id"] in self.held:
            return [{"state": "run", "progress": 10, "done": 0}]
        passes = [{"state": "run", "done": done} for done in range(len(body.get("parts", ())))]
        return [{"state": "wait"}, *passes, _done(body)]


def _done(body: Mapping[str, Any]) -> dict[str, Any]:
    artefacts = []
    if "asr_opt_dir" in body:
        name = str(body["asr_inp_dir"]).rstrip("/").rsplit("/", 1)[-1]
        artefacts = [{"kind": "list", "path": f"{body['asr_opt_dir']}/{name}.list"}]
    return {"state": "done", "progress": 100, "artefacts": artefacts}


def failed(status: int, message: str) -> JSONResponse:
    """Return a failure as the service writes it."""
    return JSONResponse({"code": 3, "message": message, "data": {}}, status)


def tone(seconds: float, rate: int = 32_000) -> bytes:
    """Return a WAV."""
    samples = (8000 * np.sin(np.arange(int(seconds * rate)) * 440 * 2 * np.pi / rate)).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return buffer.getvalue()


def fake_app(fake: FakeService) -> FastAPI:
    """Return its HTTP interface."""
    app = FastAPI()

    @app.middleware("http")
    async def access(request: Request, call_next: Any) -> Response:
        if fake.away:
            fake.refused += 1
            return failed(503, "starting")
        if fake.key and request.headers.get("authorization") != f"Bearer {fake.key}" and request.url.path != "/healthz":
            return failed(401, "an API key is needed")
        answer: Response = await call_next(request)
        return answer

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok", "model_version": "v2"}

    @app.get("/models")
    def models() -> dict[str, Any]:
        def files(own: tuple[str, ...], bases: tuple[str, ...]) -> list[dict[str, str]]:
            paths = (*own, *(_FOLDER + path for path in bases))
            return [{"path": path, "version": "v4" if "v4" in path else "v2"} for path in paths]

        return {"code": 0, "data": {"gpt": files(GPT, BASES_GPT), "sovits": files(SOVITS, BASES_SOVITS)}}

    @app.post("/set_model")
    async def set_model(request: Request) -> Any:
        body = await request.json()
        fake.posted.append(("set_model", body))
        if any("nope" in str(path) for path in body.values()):
            return failed(404, "there is no such file")
        return {"code": 0, "data": {"version": "v4" if "v4" in str(body) else "v2"}}

    @app.post("/voice-models")
    async def voice(request: Request) -> Any:
        form = await request.form()
        names = [value.filename or "" for value in form.values() if not isinstance(value, str)]
        fake.voices[str(form["model_id"])] = names
        fake.posted.append(("voice-models", {key: value for key, value in form.items() if isinstance(value, str)}))
        return {"code": 0, "data": {"model_id": form["model_id"]}}

    @app.get("/voice-models")
    def find_voices(name: str, page_size: int) -> dict[str, Any]:
        found = [voice for voice in fake.voices if name in voice][:page_size]
        records = [{"model_id": voice, "created_at": int(time.time() - fake.ages.get(voice, 0))} for voice in found]
        return {"code": 0, "data": {"total": len(records), "data": records}}

    @app.delete("/voice-models/{voice_id}")
    def remove(voice_id: str) -> dict[str, Any]:
        del fake.voices[voice_id]
        return {"code": 0, "data": {}}

    @app.post("/tts")
    async def tts(request: Request) -> Response:
        body = await request.json()
        fake.posted.append(("tts", body))
        assert body["model_id"] in fake.voices
        if body["text"] == "!":
            return failed(400, "nothing to say")
        return Response(tone(0.2), media_type="audio/wav")

    _training_routes(app, fake)
    return app


def _training_routes(app: FastAPI, fake: FakeService) -> None:
    @app.get("/gpt_sovits/jobs/{session}")
    def view(session: str) -> Any:
        if session not in fake.jobs:
            return failed(404, "no such session")
        return {"code": 0, "message": "", "data": fake.jobs[session].look()}

    @app.post("/gpt_sovits/jobs/{session}/cancel")
    def cancel(session: str) -> Any:
        return {"code": 0, "data": {}} if fake.cancel(session) else failed(409, "nothing runs")

    @app.get("/gpt_sovits/list")
    def read_list(path: str) -> Any:
        if path not in fake.lists:
            return failed(404, "path: there is no such file")
        return {"code": 0, "data": {"revision": str(fake.written), "lines": fake.lists[path]}}

    @app.put("/gpt_sovits/list")
    async def write_list(path: str, request: Request) -> Any:
        body = await request.json()
        if body["revision"] != str(fake.written):
            return failed(409, "somebody has changed it")
        fake.lists[path] = body["lines"]
        fake.written += 1
        return {"code": 0, "data": {"revision": str(fake.written)}}

    @app.post("/gpt_sovits/{route}")
    async def start(route: str, request: Request) -> Any:
        body = await request.json()
        wrong = [name for name in ("inp", "asr_inp_dir", "denoise_inp_dir", "inp_text") if _missing(body.get(name))]
        if wrong:
            fake.posted.append((route, body))
            return JSONResponse({"detail": f"{wrong[0]}: there is no such file"}, 500)
        fake.start(route, body)
        return {"status": "success", "message": "start"}


def _missing(path: Any) -> bool:
    return isinstance(path, str) and path.startswith(("no/such", "nope", "D:"))
