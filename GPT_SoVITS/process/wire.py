"""Messages between the engine process and its owner, over a socket pair that nobody else can reach.

A frame is a pickle (of our own dataclasses, sent by our own process; nothing from outside is ever unpickled) and the
raw bytes of its arrays, which are neither copied into the pickle nor out of it.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.messages import EngineSettings, EngineStatus, Event, LoadedWeights, SynthesisRequest, WeightsPair

logger = logging.getLogger(__name__)

_HEAD = struct.Struct("<IQ")
_SIZE = struct.Struct("<Q")
LARGEST_FRAME = 1 << 31
"""Bytes; a larger frame is a mistake, not a message."""
FULL = 32 << 20
"""Bytes that may wait for the other side before the sender is called full."""


class WireError(RuntimeError):
    """What arrived is no frame."""


@dataclass(frozen=True)
class Start:
    """First message to the engine process."""

    settings: EngineSettings


@dataclass(frozen=True)
class Submit:
    """A request; ``ticket`` names it, because the same request may be sent twice."""

    ticket: int
    request: SynthesisRequest


@dataclass(frozen=True)
class Cancel:
    """An order to end a request."""

    request_id: str


@dataclass(frozen=True)
class Load:
    """An order to load weights."""

    ticket: int
    weights: WeightsPair
    make_current: bool


@dataclass(frozen=True)
class Close:
    """An order to stop."""

    timeout: float


@dataclass(frozen=True)
class Happened:
    """An event of a request."""

    ticket: int
    event: Event


@dataclass(frozen=True)
class Loaded:
    """What a load came to."""

    ticket: int
    loaded: LoadedWeights | EngineError


@dataclass(frozen=True)
class Beat:
    """A sign of life.

    Attributes:
        status: The engine's.
        silent: Seconds since its thread gave its last sign; 0 when it has nothing to do.
        doing: What the thread does that may take long, "" when it serves.
    """

    status: EngineStatus
    silent: float
    doing: str


Message: TypeAlias = Start | Submit | Cancel | Load | Close | Happened | Loaded | Beat


class Channel:
    """Sends and receives whole messages; one thread may send while another receives."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, message: Message) -> None:
        """Send a message; blocks while the other side does not read.

        Raises:
            OSError: the other side has gone.
        """
        views: list[memoryview] = []

        def aside(buffer: pickle.PickleBuffer) -> None:
            views.append(buffer.raw())

        body = pickle.dumps(message, protocol=5, buffer_callback=aside)
        sizes = b"".join(_SIZE.pack(view.nbytes) for view in views)
        self._socket.sendall(_HEAD.pack(len(views), len(body)) + sizes + body)
        for view in views:
            self._socket.sendall(view)

    def receive(self) -> Message:
        """Wait for a message.

        Raises:
            EOFError: the other side has gone.
            WireError: what arrived is no frame.
        """
        count, length = _HEAD.unpack(self._read(_HEAD.size))
        if length > LARGEST_FRAME or count > 1024:
            raise WireError(f"a frame of {length} bytes and {count} arrays")
        sizes = [_SIZE.unpack(self._read(_SIZE.size))[0] for _ in range(count)]
        if sum(sizes) > LARGEST_FRAME:
            raise WireError(f"arrays of {sum(sizes)} bytes")
        body = self._read(length)
        message: Message = pickle.loads(body, buffers=[self._read(size) for size in sizes])  # noqa: S301
        return message

    def close(self) -> None:
        """Hang up; both sides see the end."""
        with contextlib.suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                got = self._socket.recv_into(view)
            except OSError as error:
                raise EOFError(str(error)) from error
            if not got:
                raise EOFError("the other side has gone")
            view = view[got:]
        return data


def size_of(message: Message) -> int:
    """Estimate the bytes that a message holds."""
    samples = getattr(message.event, "samples", None) if isinstance(message, Happened) else None
    return 512 + (0 if samples is None else int(samples.nbytes))


class Outbox:
    """Messages that a thread of its own sends, so that nobody waits for the other side.

    Args:
        channel: Where to.
        name: Of the thread.
        lost: Called once when the other side has gone.
    """

    def __init__(self, channel: Channel, name: str, lost: Callable[[], None] = lambda: None) -> None:
        self._channel, self._lost = channel, lost
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether the other side is too slow for more to be made."""
        return self._bytes > FULL

    def put(self, message: Message) -> None:
        """Send a message soon; silently dropped when the other side has gone."""
        with self._changed:
            if self._closed:
                return
            self._waiting.append(message)
            self._bytes += size_of(message)
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until everything has been sent; returns whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not self._bytes, timeout) and not self._bytes

    def close(self) -> None:
        """Send nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                message = self._waiting.popleft()
            try:
                self._channel.send(message)
            except OSError:
                self.close()
                self._lost()
                return
            with self._changed:
                self._bytes -= size_of(message)
                self._changed.notify_all()
