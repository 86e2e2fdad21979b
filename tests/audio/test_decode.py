"""Any clip a user may have is read; nothing a client may send can hang, fill memory or open another file."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.audio import ffmpeg
from GPT_SoVITS.audio.decode import check_reference_length, read_audio, read_with_info
from GPT_SoVITS.engine.errors import ReferenceAudioError

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.available(), reason="ffmpeg is not installed")
RATE = 16000


def tone(seconds: float = 3.2, rate: int = RATE) -> NDArray[np.float32]:
    """A tone of 440 Hz at half of full scale."""
    wave: NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return wave.astype(np.float32)


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.wav"
    soundfile.write(path, tone(), RATE, "PCM_16")
    return path


def through_ffmpeg(wav: Path, name: str, *options: str) -> Path:
    """Convert the clip with ffmpeg."""
    path = wav.with_name(name)
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", wav, *options, path], check=True)
    return path


class TestReading:
    @pytest.mark.parametrize(
        ("form", "subtype"), [("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", "VORBIS"), ("MP3", None)]
    )
    def test_what_soundfile_reads(self, tmp_path: Path, form: str, subtype: str | None) -> None:
        path = tmp_path / "clip.bin"  # the content counts, not the name
        soundfile.write(path, tone(), RATE, subtype, format=form)
        samples, rate = read_audio(path, max_seconds=10)
        assert rate == RATE and samples.dtype == np.float32
        assert abs(len(samples) / rate - 3.2) < 0.1
        assert abs(float(np.sqrt(np.mean(samples[4000:-4000] ** 2))) - 0.5 / np.sqrt(2)) < 0.01

    @needs_ffmpeg
    @pytest.mark.parametrize("name", ["clip.m4a", "clip.webm", "clip.aac", "clip.wma", "clip.mka"])
    def test_what_only_ffmpeg_reads(self, wav: Path, name: str) -> None:
        path = through_ffmpeg(wav, name)
        samples, rate = read_audio(path, max_seconds=10)
        assert abs(len(samples) / rate - 3.2) < 0.2
        assert abs(float(np.sqrt(np.mean(samples[rate : 2 * rate] ** 2))) - 0.5 / np.sqrt(2)) < 0.02
        found = read_with_info(path)[1]
        assert abs(found.seconds - 3.2) < 0.2 and found.rate == rate and found.channels == 1 and found.format

    @needs_ffmpeg
    def test_the_sound_of_a_video(self, wav: Path) -> None:
        path = wav.with_name("clip.mp4")
        picture = ["-f", "lavfi", "-i", "color=c=black:s=64x64:r=5:d=3.2"]
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", wav, *picture, path], check=True)
        samples, rate = read_audio(path, max_seconds=10)
        assert abs(len(samples) / rate - 3.2) < 0.2

    @needs_ffmpeg
    def test_an_mp3_of_varying_bit_rate_without_an_index(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * RATE).astype(np.float32)
        path = tmp_path / "clip.mp3"
        whole = np.concatenate([np.zeros(2 * RATE, np.float32), noise])
        soundfile.write(path, whole, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
        no_index = through_ffmpeg(path, "bare.mp3", "-c:a", "copy", "-write_xing", "0", "-id3v2_version", "0")
        samples, rate = read_audio(no_index)
        assert abs(len(samples) / rate - 5.0) < 0.2
        assert abs(read_with_info(no_index)[1].seconds - 5.0) < 0.2

    def test_channels_are_averaged_or_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "stereo.wav"
        soundfile.write(path, np.stack([tone(), np.zeros_like(tone())], axis=1), RATE, "FLOAT")
        assert np.allclose(read_audio(path)[0], tone() / 2, atol=1e-6)
        assert read_audio(path, mono=False)[0].shape == (2, len(tone()))
        assert read_with_info(path)[1].channels == 2

    @pytest.mark.parametrize("name", ["clip.raw", "-i clip.wav", "concat:clip.wav", "音频.wav"])
    def test_names_that_mean_something_elsewhere(self, wav: Path, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(wav.read_bytes())
        assert len(read_audio(path)[0]) == len(tone())

    @needs_ffmpeg
    def test_such_names_with_ffmpeg(self, wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        content = through_ffmpeg(wav, "source.m4a").read_bytes()
        monkeypatch.chdir(tmp_path)
        for name in ("-y.m4a", "pipe:0", "http:clip", "a%03d.m4a"):
            Path(name).write_bytes(content)
            assert len(read_audio(name, max_seconds=10)[0]) > 0

    @needs_ffmpeg
    def test_a_library_that_closes_what_it_cannot_read_closes_a_copy(
        self, wav: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """libsndfile 1.2.0 does, whatever it is told; without a copy a file of somebody else could be hit."""

        def refuse(file: int, closefd: bool) -> None:
            os.close(file)
            raise soundfile.LibsndfileError(1)

        path = through_ffmpeg(wav, "closed.m4a")
        monkeypatch.setattr(soundfile, "SoundFile", refuse)
        assert len(read_audio(path)[0]) > 0

    @needs_ffmpeg
    def test_bytes_are_read_like_files(self, wav: Path) -> None:
        for path in (wav, through_ffmpeg(wav, "bytes.m4a")):
            assert np.array_equal(read_audio(path.read_bytes())[0], read_audio(path)[0])
            assert read_with_info(path.read_bytes())[1] == read_with_info(path)[1]

    def test_a_truncated_file_gives_what_is_there(self, wav: Path) -> None:
        samples, _ = read_audio(wav.read_bytes()[: 44 + 2 * RATE])
        assert len(samples) == RATE


class TestLimits:
    def test_a_long_file_is_refused_before_it_is_decoded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "long.flac"
        soundfile.write(path, np.zeros(3600 * 8000, np.int16), 8000)
        monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("it is decoded"))
        with pytest.raises(ReferenceAudioError, match=r"3600\.0 s long; at most 60 s"):
            read_audio(path, max_seconds=60)

    @needs_ffmpeg
    def test_and_so_is_one_that_needs_ffmpeg(self, tmp_path: Path) -> None:
        path = tmp_path / "long.mka"
        silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", "-c:a", "flac"]
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *silence, path], check=True)
        with pytest.raises(ReferenceAudioError, match=r"3600\.\d s long"):
            read_audio(path, max_seconds=60)

    @needs_ffmpeg
    def test_a_stream_that_states_no_length_is_decoded_no_further_than_the_limit(self, tmp_path: Path) -> None:
        path = tmp_path / "long.ac3"
        silence = ["-f", "lavfi", "-i", "anullsrc=r=32000:cl=mono", "-t", "120", "-b:a", "32k"]
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *silence, path], check=True)
        with pytest.raises(ReferenceAudioError, match="longer than 5 s"):
            read_audio(path, max_seconds=5)

    def test_a_header_that_promises_terabytes(self, wav: Path) -> None:
        data = bytearray(wav.read_bytes())
        data[40:44] = struct.pack("<I", 0xFFFFFFF0)
        samples, _ = read_audio(bytes(data), max_seconds=1e6)
        assert len(samples) <= len(tone()) + 4

    @pytest.mark.parametrize(("rate", "channels"), [(0xFFFFFFF, 1), (1, 1), (16000, 1000)])
    def test_absurd_rates_and_channel_numbers(self, rate: int, channels: int) -> None:
        form = struct.pack(
            "<HHIIHH", 1, channels, rate, (rate * channels * 2) & 0xFFFFFFFF, (channels * 2) & 0xFFFF, 16
        )
        body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 64000) + bytes(64000)
        with pytest.raises(ReferenceAudioError):
            read_audio(b"RIFF" + struct.pack("<I", len(body)) + body)

    @pytest.mark.parametrize("seconds", [2.99, 10.01, 0.0])
    def test_reference_clips_are_3_to_10_seconds(self, seconds: float) -> None:
        with pytest.raises(ReferenceAudioError, match=f"{seconds:.2f} s long; 3 to 10 s"):
            check_reference_length(seconds)

    def test_the_ends_of_that_range_are_in_it(self) -> None:
        check_reference_length(3.0)
        check_reference_length(10.0)


class TestHostileFiles:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\0" * 5000,
            b"RIFF",
            b"ID3\x04" + bytes(500),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            os.urandom(9000),
        ],
        ids=["empty", "zeros", "riff", "id3", "svg", "noise"],
    )
    def test_what_is_no_sound_is_a_typed_error(self, content: bytes) -> None:
        for read in (read_audio, read_with_info):
            with pytest.raises(ReferenceAudioError):
                read(content)

    @needs_ffmpeg
    @pytest.mark.parametrize("kind", ["m3u8", "concat", "sdp", "dash"])
    def test_playlists_are_not_followed(self, wav: Path, tmp_path: Path, kind: str) -> None:
        secret = through_ffmpeg(wav, "secret.aac")
        content = {
            "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:3.2,\nfile:{secret}\n#EXT-X-ENDLIST\n",
            "concat": f"ffconcat version 1.0\nfile '{secret}'\n",
            "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
            "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">{secret}</MPD>',
        }[kind]
        path = tmp_path / f"list.{kind}"
        path.write_text(content)
        with pytest.raises(ReferenceAudioError):
            read_audio(path)
        with pytest.raises(ReferenceAudioError):
            read_with_info(path)

    @needs_ffmpeg
    def test_a_picture_is_no_sound(self) -> None:
        from PIL import Image

        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "PNG")
        with pytest.raises(ReferenceAudioError):
            read_audio(buffer.getvalue())

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "absent.wav", Path("/dev/zero"), "a\0b.wav"):
            with pytest.raises(ReferenceAudioError):
                read_audio(path)

    def test_messages_do_not_show_the_servers_folders(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceAudioError) as raised:
            read_audio(tmp_path / "absent.wav")
        assert str(tmp_path) not in str(raised.value) and "absent.wav" in str(raised.value)

    @pytest.mark.parametrize("content", [b"no sound at all" * 50, b"ID3\x04" + bytes(400), b"\xff\xfb\x90\x00" * 9])
    def test_nor_where_ffmpeg_read_it_and_which_of_its_objects_spoke(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "clip.bin").write_bytes(content)
        with pytest.raises(ReferenceAudioError) as raised:
            read_audio(tmp_path / "clip.bin")
        said = str(raised.value)
        assert "/proc" not in said and str(tmp_path) not in said and "file:" not in said and "0x" not in said

    def test_values_that_are_no_numbers(self, tmp_path: Path) -> None:
        path = tmp_path / "nan.wav"
        soundfile.write(path, np.full(RATE, np.nan, np.float32), RATE, "FLOAT")
        with pytest.raises(ReferenceAudioError, match="not numbers"):
            read_audio(path)

    @needs_ffmpeg
    def test_a_decoder_that_takes_too_long_is_stopped(self, wav: Path) -> None:
        start = time.perf_counter()
        with pytest.raises(ReferenceAudioError, match="took longer"):
            read_audio(through_ffmpeg(wav, "slow.m4a"), timeout_s=0.001)
        assert time.perf_counter() - start < 60

    def test_without_ffmpeg_the_message_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shutil.which", lambda name: None)
        with pytest.raises(ReferenceAudioError, match="apt-get"):
            read_audio(b"\x1aE\xdf\xa3" + bytes(300))
