"""Messages arrive as they were sent, and a slow reader does not let them pile up unseen."""

from __future__ import annotations

import socket
import struct
import threading

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import InvalidRequestError
from GPT_SoVITS.engine.messages import AudioChunk, Failed, Reference, SynthesisRequest, WeightsPair
from GPT_SoVITS.process.wire import FULL, Channel, Happened, Load, Loaded, Outbox, Submit, WireError


@pytest.fixture
def pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


def test_messages_arrive_as_sent(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    request = SynthesisRequest("你好", "zh", Reference("voice.wav", "text", "en", ("more.wav",)), seed=3)
    for message in (Submit(1, request), Load(2, WeightsPair("g", "s"), make_current=False)):
        sender.send(message)
        assert receiver.receive() == message
    sender.send(Happened(1, Failed("id", InvalidRequestError("too long"))))
    arrived = receiver.receive()
    assert isinstance(arrived, Happened) and isinstance(arrived.event, Failed)
    assert isinstance(arrived.event.error, InvalidRequestError)
    assert str(arrived.event.error) == "too long"


@pytest.mark.parametrize("samples", [0, 1, 300_000])
def test_audio_travels_beside_the_pickle(pair: tuple[Channel, Channel], samples: int) -> None:
    sender, receiver = pair
    audio = np.random.default_rng(0).standard_normal(samples, np.float32)
    thread = threading.Thread(target=sender.send, args=(Happened(1, AudioChunk("id", 0, audio)),))
    thread.start()
    arrived = receiver.receive()
    thread.join()
    assert isinstance(arrived, Happened) and isinstance(arrived.event, AudioChunk)
    assert np.array_equal(arrived.event.samples, audio)
    arrived.event.samples[:] = 0  # writable, as what a thread gets


def test_the_end_of_the_other_side_is_the_end(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    sender.close()
    with pytest.raises(EOFError):
        receiver.receive()


def test_what_is_no_frame_is_refused() -> None:
    ours, theirs = socket.socketpair()
    ours.sendall(struct.pack("<IQ", 0, 1 << 60))
    with pytest.raises(WireError):
        Channel(theirs).receive()


def test_an_outbox_says_when_the_other_side_is_slow(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    outbox = Outbox(sender, "test")
    second = Happened(1, AudioChunk("id", 0, np.zeros(32000, np.float32)))
    count = 0
    while not outbox.is_full:
        outbox.put(second)
        count += 1
    assert count <= FULL // second_bytes() + 20
    for _ in range(count):
        receiver.receive()
    assert outbox.flush(5)
    assert not outbox.is_full
    outbox.close()


def second_bytes() -> int:
    return 32000 * 4


def test_an_outbox_tells_when_the_other_side_has_gone(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    gone = threading.Event()
    outbox = Outbox(sender, "test", lost=gone.set)
    receiver.close()
    for _ in range(3):
        outbox.put(Loaded(1, InvalidRequestError("x")))
    assert gone.wait(5)
