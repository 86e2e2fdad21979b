"""Whole files and streams of every format hold the speech that was written, at every chunking."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.audio import ffmpeg
from GPT_SoVITS.audio.decode import read_audio, read_with_info
from GPT_SoVITS.audio.encode import FORMATS, EncodingError, StreamEncoder, encode, find_format, pcm16, wav_header
from GPT_SoVITS.audio.resample import StreamResampler
from GPT_SoVITS.engine.errors import InvalidRequestError
from GPT_SoVITS.features.resample import resample

RATE = 32000
# Sound stops after two of three seconds, so that a shift or a lost piece shows.
WAVE: NDArray[np.float32] = np.zeros(3 * RATE, np.float32)
WAVE[: 2 * RATE] = 0.4 * np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE)
HEADED = [name for name in FORMATS if name != "raw"]
# Codecs delay: mp3 and aac by up to two of their frames.
DELAY_S = {"mp3": 0.07, "aac": 0.08}


def need(name: str) -> None:
    """Skip where the format needs a program that is not there."""
    if name in ("aac", "mp3") and not ffmpeg.available():
        pytest.skip("ffmpeg is not installed")


def pieces(form: str, size: int) -> list[bytes]:
    """Write the wave in pieces."""
    encoder = StreamEncoder(form, RATE)
    written = [encoder.write(WAVE[at : at + size]) for at in range(0, len(WAVE), size)]
    return [*written, encoder.finish()]


@pytest.mark.parametrize("form", HEADED)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_is_written_is_what_is_read(form: str, streamed: bool) -> None:
    need(form)
    data = b"".join(pieces(form, 2500)) if streamed else encode(WAVE, RATE, form)
    samples, rate = read_audio(data)
    delay = DELAY_S.get(form, 0.001)
    assert abs(len(samples) / rate - 3.0) <= 2 * delay
    loud = np.flatnonzero(np.abs(samples) > 0.2) / rate
    assert loud[0] <= delay + 0.01 and abs(loud[-1] - 2.0) <= delay + 0.01
    level = float(np.sqrt(np.mean(samples[rate // 2 : rate] ** 2)))
    # LAME lowers the level by 5 % in this mode, against clipping.
    assert level == pytest.approx(0.4 / np.sqrt(2), rel=0.06 if form == "mp3" else 0.01)


@pytest.mark.parametrize("form", ["wav", "flac", "raw", "mp3", "ogg"])
def test_a_stream_does_not_depend_on_how_it_was_cut(form: str) -> None:
    ways = [b"".join(pieces(form, size)) for size in (320, 9999, len(WAVE))]
    if form == "ogg":  # every Ogg stream has a serial number of its own
        ways = [pcm16(read_audio(way)[0]) for way in ways]
    assert ways[0] == ways[1] == ways[2]


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg", "raw"])
def test_audio_leaves_before_the_end(form: str) -> None:
    out = pieces(form, RATE // 5)
    assert sum(map(len, out[:8])) > 0.2 * sum(map(len, out))


def test_a_wav_stream_starts_with_a_header_of_unknown_length() -> None:
    encoder = StreamEncoder("wav", RATE)
    first = encoder.write(WAVE[:100])
    assert first[:44] == wav_header(RATE) and len(first) == 44 + 200
    assert struct.unpack_from("<I", first, 40) == (0xFFFFFFFF,)
    assert encoder.write(WAVE[:100]) == pcm16(WAVE[:100])


def test_an_empty_stream_is_still_a_file() -> None:
    assert StreamEncoder("wav", RATE).finish() == wav_header(RATE)
    assert len(encode(WAVE[:0], RATE, "wav")) == 44
    assert encode(WAVE[:0], RATE, "flac")[:4] == b"fLaC"


def test_finishing_twice_gives_nothing_more() -> None:
    encoder = StreamEncoder("ogg", RATE)
    encoder.write(WAVE)
    assert encoder.finish() and encoder.finish() == b""


def test_a_whole_flac_states_its_length() -> None:
    assert read_with_info(encode(WAVE, RATE, "flac"))[1].seconds == 3.0


@pytest.mark.parametrize(("alias", "name"), [("opus", "ogg"), ("pcm", "raw"), ("WAV", "wav"), ("audio/flac", "flac")])
def test_names(alias: str, name: str) -> None:
    assert find_format(alias).name == name


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InvalidRequestError, match="'midi' is unknown; there are wav, flac"):
        encode(WAVE, RATE, "midi")


def test_what_is_beyond_full_scale_is_cut_off_and_never_wraps() -> None:
    values = np.array([2.0, -2.0, 1e30, -1e30, 1.0, -1.0, 0.0], np.float32)
    assert np.frombuffer(pcm16(values), "<i2").tolist() == [32767, -32768, 32767, -32768, 32767, -32767, 0]


@pytest.mark.parametrize("form", ["wav", "raw", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_an_error_and_never_silence(bad: float, form: str) -> None:
    wave = WAVE.copy()
    wave[50] = bad
    with pytest.raises(EncodingError, match="not numbers"):
        encode(wave, RATE, form)


def test_without_ffmpeg_aac_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(EncodingError, match="ffmpeg"):
        encode(WAVE, RATE, "aac")


def test_an_aac_stream_that_is_given_up_leaves_no_process() -> None:
    need("aac")
    encoder = StreamEncoder("aac", RATE)
    encoder.write(WAVE)
    process = encoder._sink._process  # type: ignore[attr-defined]
    encoder.close()
    assert process.poll() is not None


@pytest.mark.parametrize(
    ("rate", "new"), [(32000, 48000), (24000, 48000), (44100, 48000), (48000, 32000), (50000, 48000)]
)
def test_resampling_in_pieces_equals_resampling_the_whole(rate: int, new: int) -> None:
    wave = np.random.default_rng(0).standard_normal(7001).astype(np.float32)
    bounds = [0, 1, 2, 50, 51, 3000, 3100, 6999, 7001]
    stream = StreamResampler(rate, new)
    parts = [stream.write(wave[a:b]) for a, b in pairwise(bounds)]
    assert any(map(len, parts[:-1]))
    assert np.allclose(np.concatenate([*parts, stream.finish()]), resample(wave, rate, new), atol=1e-6)
