"""OpenAI's own client, pointed at this service."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from typing import Any

import numpy as np
import pytest

from service.compatibility.speaking import OPENAI_VOICES, DialectSpeech
from tests.service.compatibility.conftest import read
from tests.service.conftest import Running, Starter
from tests.service.keys import add_key
from tests.service.samples import make_voice

INPUT = "今天天气不错。我们出去走走。"


@pytest.fixture(scope="module")
def openai() -> Any:
    """The official client, loaded where these tests run: the other processes of a parallel run only list them."""
    import openai

    return openai


@pytest.fixture
def client(openai: Any, speaking: Running) -> Any:
    """The official client without retries."""
    return openai.OpenAI(base_url=f"{speaking.url}/v1", api_key="none", max_retries=0)


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
    ],
)
def test_every_format(client: Any, form: str, media_type: str) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="narrator", input=INPUT, response_format=form)
    assert answer.response.headers["content-type"] == media_type
    if form == "pcm":
        seconds = len(answer.content) / 2 / 24_000
    elif form == "aac":
        return
    else:
        samples, rate = read(answer.content)
        seconds = len(samples) / rate
    wav, rate = read(
        client.audio.speech.create(model="tts-1", voice="narrator", input=INPUT, response_format="wav").content
    )
    assert abs(seconds - len(wav) / rate) < 0.15


def test_mp3_is_the_default_and_names_work_as_ids_do(client: Any) -> None:
    answer = client.audio.speech.create(model="gpt-4o-mini-tts", voice="讲述者", input=INPUT, instructions="cheerful")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert len(answer.content) > 1000


def test_events_carry_the_same_bytes_as_the_file(client: Any) -> None:
    fixed = {"model": "tts-1", "voice": "narrator", "input": INPUT, "response_format": "pcm", "extra_body": {"seed": 3}}
    with client.audio.speech.with_streaming_response.create(**fixed, stream_format="sse") as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    *deltas, done = events
    assert {each["type"] for each in deltas} == {"speech.audio.delta"} and done["type"] == "speech.audio.done"
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"] > 0
    sound = b"".join(base64.b64decode(each["audio"]) for each in deltas)
    assert sound == client.audio.speech.create(**fixed).content
    assert np.frombuffer(sound, "<i2").any()


def test_models_and_voices(client: Any, speaking: Running) -> None:
    names = [each.id for each in client.models.list()]
    assert names[0] == "gpt-sovits" and client.models.retrieve(names[0]).object == "model"
    voices = speaking.client.get("/v1/audio/voices").json()
    assert voices == {"voices": [{"id": "narrator", "name": "讲述者"}]}


def test_names_that_clients_have_built_in_are_there(client: Any) -> None:
    assert client.models.retrieve("tts-1").id == "tts-1"
    fixed = {"model": "tts-1-hd", "input": INPUT, "response_format": "pcm", "extra_body": {"seed": 3}}
    spoken = client.audio.speech.create(voice="narrator", **fixed).content
    assert client.audio.speech.create(voice="alloy", **fixed).content == spoken


def test_an_alias_goes_before_the_voice_that_would_stand_in(start: Starter) -> None:
    running = start(voice_aliases="nova=second")
    for model_id in ("first", "second"):
        make_voice(running.client, model_id=model_id, model_name=model_id)
    dialects = running.app.state.container.get(DialectSpeech)
    assert asyncio.run(dialects.find_voice("nova", INPUT)) == "second"
    assert {asyncio.run(dialects.find_voice(name, INPUT)) for name in OPENAI_VOICES} == {"first", "second"}
    assert asyncio.run(dialects.find_voice("nobody", INPUT)) is None


def test_a_wav_tells_its_true_length(client: Any) -> None:
    content = client.audio.speech.create(model="tts-1", voice="narrator", input=INPUT, response_format="wav").content
    with wave.open(io.BytesIO(content)) as file:
        assert file.getnframes() * file.getsampwidth() * file.getnchannels() == len(content) - 44


def test_errors_are_the_clients_own_types(openai: Any, client: Any) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.audio.speech.create(model="tts-1", voice="nobody", input=INPUT)
    assert missing.value.type == "invalid_request_error" and "nobody" in missing.value.message
    with pytest.raises(openai.BadRequestError) as wrong:
        client.audio.speech.create(model="tts-1", voice="narrator", input=INPUT, speed=9)
    assert wrong.value.param == "speed"
    with pytest.raises(openai.BadRequestError):
        client.audio.speech.create(model="tts-1", voice="narrator", input="！！")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")


def test_a_wrong_key_is_an_authentication_error(openai: Any, start: Starter) -> None:
    running = start()
    key = add_key(running)

    def client(api_key: str) -> Any:
        return openai.OpenAI(base_url=f"{running.url}/v1", api_key=api_key, max_retries=0)

    with pytest.raises(openai.AuthenticationError) as refused:
        client("wrong").models.list()
    assert refused.value.code == "invalid_api_key"
    assert [each.id for each in client(key).models.list()]
