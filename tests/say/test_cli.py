"""From the command line to a sound file: what is written, what is asked of the engine, what is said when it fails."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.audio import ffmpeg
from GPT_SoVITS.engine.errors import EngineDiedError, SynthesisFailedError, WeightsMissingError
from GPT_SoVITS.engine.messages import Priority, Streaming, WeightsPair
from GPT_SoVITS.say.cli import DONE, FAILED, MISSING, WRONG
from GPT_SoVITS.testing.fake import FakeEngine
from GPT_SoVITS.testing.fake_audio import SAMPLE_RATE, SECONDS_PER_CHARACTER, tones, voice_of
from tests.say.conftest import Say, write_clip

TEXT = "你好世界。再见。"
PAUSE_S = 0.3


def expected(engine: FakeEngine) -> NDArray[np.float32]:
    """The audio of everything that was asked of the engine, in order."""
    parts = []
    for request in engine.requests:
        assert request.weights is not None and request.seed is not None
        for segment in engine.cut(request):
            parts.append(tones(segment, voice_of(request, request.weights, request.seed), request.speed))
            parts.append(np.zeros(round(request.fragment_interval * SAMPLE_RATE), np.float32))
    return np.concatenate(parts)


class TestSound:
    def test_a_text_becomes_a_wav_file(
        self, say: Say, engine: FakeEngine, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "hello.wav"
        assert say(TEXT, "-r", clip, "-o", out, "--seed", 7) == DONE
        samples, rate = soundfile.read(out, dtype="float32")
        assert rate == SAMPLE_RATE and np.allclose(samples, expected(engine), atol=1e-4)
        said = capsys.readouterr()
        assert said.out.strip() == str(out) and "seed 7" in said.err

    @pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.opus"])
    def test_the_ending_says_the_format(self, say: Say, clip: Path, tmp_path: Path, name: str) -> None:
        assert say(TEXT, "-r", clip, "-o", tmp_path / name) == DONE
        assert soundfile.info(tmp_path / name).format == {"a.flac": "FLAC", "a.mp3": "MP3"}.get(name, "OGG")

    def test_a_stream_is_the_same_sound(
        self, say: Say, engine: FakeEngine, clip: Path, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert say(TEXT, "-r", clip, "--stream", "--seed", 1, "-q") == DONE
        data = capfdbinary.readouterr().out
        assert data[:4] == b"RIFF" and len(data) == 44 + 2 * len(expected(engine))
        assert engine.requests[0].streaming is Streaming.TOKENS

    def test_a_stream_can_be_kept(self, say: Say, clip: Path, tmp_path: Path,
                                  capfdbinary: pytest.CaptureFixture[bytes]) -> None:  # fmt: skip
        assert say(TEXT, "-r", clip, "--stream", "--format", "wav", "-o", tmp_path / "kept.flac", "-q") == DONE
        heard, _ = soundfile.read(io.BytesIO(capfdbinary.readouterr().out))
        assert np.allclose(heard, soundfile.read(tmp_path / "kept.flac")[0], atol=1e-4) and len(heard) > SAMPLE_RATE / 2

    def test_subtitles_say_when_each_sentence_is_heard(self, say: Say, clip: Path, tmp_path: Path) -> None:
        assert say(TEXT, "-r", clip, "-o", tmp_path / "a.wav", "--srt", "--vtt", tmp_path / "b.vtt") == DONE
        second = len("你好世界。") * SECONDS_PER_CHARACTER + PAUSE_S
        minutes = f"00:00:0{second:.3f}".replace(".", ",")
        assert f"2\n{minutes} --> " in (tmp_path / "a.srt").read_text("utf-8")
        assert (tmp_path / "b.vtt").read_text("utf-8").startswith("WEBVTT\n\n00:00:00.000 --> ")


class TestText:
    def test_from_a_file(self, say: Say, engine: FakeEngine, clip: Path, tmp_path: Path) -> None:
        (tmp_path / "text.txt").write_bytes("\ufeff第一。\n第二。\n".encode())
        assert say("-f", tmp_path / "text.txt", "-r", clip, "-o", tmp_path / "a.wav") == DONE
        assert engine.requests[0].text == "第一。\n第二。"

    @pytest.mark.parametrize("arguments", [[], ["-"]])
    def test_from_standard_input(
        self, say: Say, engine: FakeEngine, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:  # fmt: skip
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("来自管道。".encode())))
        assert say(*arguments, "-r", clip, "-o", tmp_path / "a.wav") == DONE
        assert engine.requests[0].text == "来自管道。"

    def test_a_script_with_voices(self, say: Say, engine: FakeEngine, tmp_path: Path) -> None:
        write_clip(tmp_path / "anna.wav")
        write_clip(tmp_path / "ben.wav")
        (tmp_path / "mine.pth").write_bytes(b"x")
        (tmp_path / "voices.yaml").write_text(
            "anna: {reference: anna.wav, prompt_text: 你好, language: zh}\n"
            "ben: {reference: ben.wav, language: en, speed: 2, temperature: 0.5, sovits: mine.pth}\n",
            encoding="utf-8",
        )
        (tmp_path / "play.txt").write_text("[anna] 一。\n[ben] Two.\n[anna:ja] 三。", encoding="utf-8")
        play = ("--script", tmp_path / "play.txt", "--voices", tmp_path / "voices.yaml")
        assert say(*play, "-o", tmp_path / "play.wav", "--seed", 10, "--srt") == DONE
        anna, ben, again = engine.requests
        assert [each.text for each in engine.requests] == ["一。", "Two.", "三。"]
        assert [each.language for each in engine.requests] == ["zh", "en", "ja"]
        assert [each.seed for each in engine.requests] == [10, 11, 12]
        assert anna.reference.text == "你好" and anna.reference.language == "zh" and ben.reference.text == ""
        assert (ben.speed, anna.speed) == (2, 1) and (ben.sampling.temperature, anna.sampling.temperature) == (0.5, 1)
        assert ben.weights is not None and ben.weights.sovits == str(tmp_path / "mine.pth")
        assert anna.weights == again.weights != ben.weights
        assert np.allclose(soundfile.read(tmp_path / "play.wav")[0], expected(engine), atol=1e-4)
        cues = re.findall(r"(\d\d:\d\d:\d\d,\d{3}) -->", (tmp_path / "play.srt").read_text("utf-8"))
        assert len(cues) == 3 and cues == sorted(cues) and cues[2] != cues[0]

    def test_a_clip_that_is_not_there_is_named_with_its_folder(
        self, say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "voices.yaml").write_text("anna: {reference: clips/anna.wav}", encoding="utf-8")
        (tmp_path / "play.txt").write_text("[anna] 一。", encoding="utf-8")
        assert say("--script", tmp_path / "play.txt", "--voices", tmp_path / "voices.yaml") == WRONG
        assert f"voice anna: {tmp_path / 'clips/anna.wav'}: " in capsys.readouterr().err

    def test_many_turns_come_in_order(self, say: Say, engine: FakeEngine, tmp_path: Path, clip: Path) -> None:
        (tmp_path / "voices.yaml").write_text(f"a: {{reference: {clip}}}", encoding="utf-8")
        (tmp_path / "play.txt").write_text("".join(f"[a] 第{n}句。\n" for n in range(20)), encoding="utf-8")
        play = ("--script", tmp_path / "play.txt", "--voices", tmp_path / "voices.yaml", "--seed", 1)
        assert say(*play, "-o", tmp_path / "a.wav") == DONE
        assert np.allclose(soundfile.read(tmp_path / "a.wav")[0], expected(engine), atol=1e-4)
        assert [each.priority for each in engine.requests[:3]] == [Priority.INTERACTIVE, Priority.BATCH, Priority.BATCH]


class TestOptions:
    def test_every_option_reaches_the_engine(
        self, say: Say, engine: FakeEngine, clip: Path, tmp_path: Path, weights: tuple[str, str]
    ) -> None:
        arguments = "--seed 3 --speed 1.5 --pause 0.1 --top-k 9 --top-p 0.8 --temperature 0.7 --repetition-penalty 1.2"
        more = "--attempts 2 --cut cut5 --ref-free --prompt-text 提示 --prompt-language zh -l en"
        aux = ["--auxiliary", write_clip(tmp_path / "x.wav"), "--auxiliary", write_clip(tmp_path / "y.wav")]
        assert say("Hi.", "-r", clip, "-o", tmp_path / "a.wav", *arguments.split(), *more.split(), *aux) == DONE
        request = engine.requests[0]
        assert request.weights == WeightsPair(*weights) and request.language == "en" and request.how_to_cut == "cut5"
        assert (request.seed, request.speed, request.fragment_interval, request.max_attempts) == (3, 1.5, 0.1, 2)
        sampling = request.sampling
        assert (sampling.top_k, sampling.top_p, sampling.temperature, sampling.repetition_penalty) == (9, 0.8, 0.7, 1.2)
        assert request.ref_free and request.reference.text == "提示" and request.reference.language == "zh"
        assert request.reference.auxiliary == (str(tmp_path / "x.wav"), str(tmp_path / "y.wav"))

    @pytest.mark.parametrize("wrong", [["--speed", "9"], ["--top-k", "0"], ["--seed", "-1"], ["--pause", "x"]])
    def test_numbers_out_of_range_are_refused(self, say: Say, clip: Path, wrong: list[str]) -> None:
        with pytest.raises(SystemExit) as raised:
            say("Hi.", "-r", clip, *wrong)
        assert raised.value.code == WRONG


class TestFailures:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["Hi."], "Give a recording"),
            (["Hi.", "-r", "CLIP", "-f", "x.txt"], "give one"),
            (["  ", "-r", "CLIP"], "the text is empty"),
            (["Hi.", "-r", "CLIP", "-o", "a.xyz"], "unknown file extension"),
            (["Hi.", "-r", "CLIP", "--stream", "--srt"], "needs a file name"),
        ],
    )
    def test_wrong_command_lines_say_what_to_do(
        self, say: Say, clip: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
    ) -> None:
        assert say(*(str(clip) if each == "CLIP" else each for each in arguments)) == WRONG
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize(("seconds", "message"), [(2.0, "2.00 s long"), (12.0, "12.00 s long")])
    def test_a_clip_of_the_wrong_length_is_found_before_anything_is_loaded(
        self, say: Say, engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str],
        seconds: float, message: str,
    ) -> None:  # fmt: skip
        assert say("Hi.", "-r", write_clip(tmp_path / "c.wav", seconds), "-o", tmp_path / "a.wav") == WRONG
        assert message in capsys.readouterr().err and not engine.requests

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (SynthesisFailedError("no sound"), FAILED),
            (EngineDiedError("gone"), FAILED),
            (WeightsMissingError("HuBERT: not installed; fetch it with: ..."), MISSING),
        ],
    )
    def test_a_failure_says_why_and_leaves_what_was_there(
        self, say: Say, engine: FakeEngine, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
        error: SynthesisFailedError, status: int,
    ) -> None:  # fmt: skip
        out = tmp_path / "a.wav"
        out.write_bytes(b"before")
        engine.fail_next(error, after_segments=1)
        assert say(TEXT, "-r", clip, "-o", out, "--srt") == status
        assert str(error) in capsys.readouterr().err
        assert out.read_bytes() == b"before" and not list(tmp_path.glob("*.srt")) and not list(tmp_path.glob(".*"))

    def test_text_without_a_word_is_the_users_mistake(self, say: Say, clip: Path, tmp_path: Path) -> None:
        assert say("……！", "-r", clip, "-o", tmp_path / "a.wav") == WRONG

    def test_text_that_is_not_utf8(self, say: Say, clip: Path, tmp_path: Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
        (tmp_path / "gbk.txt").write_bytes("你好".encode("gbk"))
        assert say("-f", tmp_path / "gbk.txt", "-r", clip) == WRONG
        assert "not UTF-8" in capsys.readouterr().err

    def test_a_folder_that_is_not_there(self, say: Say, clip: Path, tmp_path: Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
        (tmp_path / "file").write_bytes(b"")
        assert say("Hi.", "-r", clip, "-o", tmp_path / "file" / "a.wav") == FAILED
        assert "file" in capsys.readouterr().err

    @pytest.mark.skipif(not ffmpeg.available(), reason="ffmpeg is not installed")
    def test_no_voice_no_sound(self, say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "no.wav").write_bytes(b"this is not sound at all" * 50)
        assert say("Hi.", "-r", tmp_path / "no.wav") == WRONG
        assert "no.wav" in capsys.readouterr().err
