"""The inference pages: speech with an uploaded clip, switching weights, and the pages that are opened."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.webui.fakeservice import tone
from tests.webui.sites import client_of
from webui.service import Service
from webui.speaking import LANGUAGES, Speaker, code_of

if TYPE_CHECKING:
    from tests.webui.sites import Site


@pytest.fixture
def clip(tmp_path: Path) -> Any:
    """A clip as clients hand it over."""
    from gradio_client import handle_file

    path = tmp_path / "clip.wav"
    path.write_bytes(tone(3.5))
    return handle_file(str(path))


def test_speech_comes_with_an_uploaded_clip_whose_voice_is_removed_again(shared: Site, client: Any, clip: Any) -> None:
    path = client.predict(
        clip, "参考。", "中文", "你好。", "中英混合", "按标点符号切", inp_refs=None, api_name="/get_tts_wav"
    )
    with wave.open(path) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (32_000, 6_400)
    voice, tts = shared.fake.body("voice-models"), shared.fake.body("tts")
    assert (voice["prompt_text"], voice["prompt_language"]) == ("参考。", "all_zh")
    assert (tts["text_lang"], tts["text_split_method"], tts["top_k"]) == ("zh", "cut5", 15)
    assert not shared.fake.voices


def test_voices_that_a_killed_page_left_are_removed_at_the_next_start(shared: Site) -> None:
    old, new = "webui-0123456789abcdef", "webui-fedcba9876543210"
    shared.fake.voices = {name: [] for name in (old, new, "webui-anna", "anna")}
    shared.fake.ages = dict.fromkeys((old, "webui-anna", "anna"), 7200.0)

    async def begin() -> None:
        service = Service("http://service", transport=shared.service)
        await Speaker(service).remove_leftovers()
        await service.close()
        await Speaker(Service("http://127.0.0.1:9")).remove_leftovers()

    asyncio.run(begin())
    assert set(shared.fake.voices) == {new, "webui-anna", "anna"}


def test_the_same_random_numbers_come_again_when_that_is_asked_for(shared: Site, client: Any, clip: Any) -> None:
    fields = {"ref_wav_path": clip, "text": "你好。", "inp_refs": None}
    seeds = []
    for freeze in (False, True, False):
        client.predict(**fields, if_freeze=freeze, api_name="/get_tts_wav")
        seeds.append(shared.fake.body("tts")["seed"])
    assert seeds[0] == seeds[1] != seeds[2]


def test_weights_that_cannot_be_switched_to_leave_the_page_usable(shared: Site, client: Any) -> None:
    job = client.submit("nope.pth", "中文", "中文", api_name="/change_sovits_weights")
    with pytest.raises(Exception, match="no such file"):
        job.result()
    assert job.outputs()[-1] == ({"__type__": "update"},) * 10


def test_what_is_missing_or_refused_is_said(shared: Site, client: Any, clip: Any) -> None:
    for reference, text, said in ((None, "你好。", "参考音频"), (clip, " ", "文本"), (clip, "!", "nothing to say")):
        with pytest.raises(Exception, match=said):
            client.predict(ref_wav_path=reference, text=text, inp_refs=None, api_name="/get_tts_wav")
    assert not shared.fake.voices


def test_switching_weights_gives_the_updates_twice(shared: Site, client: Any) -> None:
    job = client.submit("SoVITS_weights_v4/a.pth", "中文", "韩文", api_name="/change_sovits_weights")
    assert len(job.result()) == 10  # clients do not see the button
    loading, ready = job.outputs()
    assert loading[:6] == ready[:6] and ready[5] == {"__type__": "update", "value": "韩文"}
    assert ready[6]["visible"] is True and ready[6]["choices"][0][1] == 4 and ready[7]["visible"] is False
    assert shared.fake.body("set_model") == {"sovits_model_path": "SoVITS_weights_v4/a.pth"}
    client.predict("不训练直接推v2底模！", api_name="/change_gpt_weights")
    assert "gsv-v2final-pretrained" in shared.fake.body("set_model")["gpt_model_path"]
    with pytest.raises(Exception, match="no such file"):
        client.predict("nope.ckpt", api_name="/change_gpt_weights")


def test_languages_are_known_in_chinese_in_english_and_by_code() -> None:
    for chinese, (english, code) in LANGUAGES.items():
        assert code_of(LANGUAGES, chinese) == code_of(LANGUAGES, english) == code_of(LANGUAGES, code) == code


@pytest.mark.full
def test_the_page_of_parallel_inference_speaks_and_stops(shared: Site, client: Any, clip: Any) -> None:
    client.predict(batched_infer_enabled=True, api_name="/change_tts_inference")
    try:
        site = shared.pages.sites["tts-parallel"]
        assert site.is_open and not shared.pages.sites["tts"].is_open
        page = client_of(f"http://127.0.0.1:{site.port}")
        path, seed = page.predict(
            text="你好。",
            ref_audio_path=clip,
            aux_ref_audio_paths=None,
            seed=7,
            keep_random=False,
            api_name="/inference",
        )
        assert Path(path).is_file() and seed == shared.fake.body("tts")["seed"] == 7
        page.predict(api_name="/stop")
        assert len(page.predict("a.pth", "中文", "中文", api_name="/change_sovits_weights")) == 9
    finally:
        assert client.predict(api_name="/change_tts_inference_1") == "TTS推理WebUI已关闭"
    assert not site.is_open


def test_a_page_whose_port_is_taken_says_that_it_failed(
    shared: Site, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken() -> None:
        raise OSError("the port is taken")

    monkeypatch.setattr(shared.pages.sites["uvr5"], "open", taken)
    assert client.predict(api_name="/change_uvr5") == "人声分离WebUI失败"


@pytest.mark.full
def test_lists_are_read_and_written_on_the_page_for_proofreading(shared: Site, client: Any) -> None:
    row = {"path": "raw/a.wav", "speaker": "a", "language": "ZH", "text": "你好"}
    shared.fake.lists["raw/a.list"] = [row, row | {"path": "raw/b.wav"}]
    client.predict("raw/a.list", api_name="/change_label")
    try:
        page = client_of(f"http://127.0.0.1:{shared.pages.sites['label'].port}")
        rows, said = page.predict("raw/a.list", api_name="/load_list")
        assert said == "已读取 2 行" and rows["data"][0] == ["raw/a.wav", "a", "ZH", "你好"]
        rows["data"][0][3], rows["data"][1][0] = "你好！", ""
        assert page.predict("raw/a.list", rows, api_name="/save_list") == "已保存 1 行"
        assert shared.fake.lists["raw/a.list"] == [row | {"text": "你好！"}]
        with pytest.raises(Exception, match="no such file"):
            page.predict("raw/none.list", api_name="/load_list")
        other = client_of(page.src)
        theirs, _ = other.predict("raw/a.list", api_name="/load_list")
        assert page.predict("raw/a.list", rows, api_name="/save_list") == "已保存 1 行"
        with pytest.raises(Exception, match="somebody has changed it"):
            other.predict("raw/a.list", theirs, api_name="/save_list")
    finally:
        assert client.predict("raw/a.list", api_name="/change_label_1") == "音频标注WebUI已关闭"


@pytest.mark.full
def test_voices_are_separated_on_a_page_of_its_own(shared: Site, client: Any) -> None:
    client.predict(api_name="/change_uvr5")
    try:
        page = client_of(f"http://127.0.0.1:{shared.pages.sites['uvr5'].port}")
        assert page.predict(inp_root="raw/x", api_name="/uvr_convert") == "人声分离WebUI已完成"
        body = shared.fake.body("open_uvr5")
        assert (body["model_name"], body["input_root"], body["format0"]) == ("HP2_all_vocals", "raw/x", "flac")
    finally:
        client.predict(api_name="/change_uvr5_1")
