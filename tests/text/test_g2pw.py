"""g2pW: what the network is asked, what is made of its answers, and how its folder is read.

The published network is not part of the tests. A stand-in answers by what it is given: once in Python, which keeps
every input, and once as a small ONNX file, which goes through onnxruntime.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.chinese import create
from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError
from GPT_SoVITS.text.chinese.g2pw.inputs import Vocabulary, Window, windows
from GPT_SoVITS.text.chinese.g2pw.network import PolyphoneReader
from GPT_SoVITS.text.chinese.g2pw.opening import open_network, open_user_network
from GPT_SoVITS.text.chinese.g2pw.settings import Settings, read_settings
from GPT_SoVITS.text.chinese.g2pw.tables import Tables, read_tables

POLYPHONIC = "行\tㄏㄤ2\n行\tㄒㄧㄥ2\n重\tㄔㄨㄥ2\n重\tㄓㄨㄥ4\n長\tㄔㄤ2\n長\tㄓㄤ3\n一\tㄧ1\n一\tㄧ4\n"
MONOPHONIC = "銀\tㄧㄣ2\n我\tㄨㄛ3\n似\tㄙ4\n"
SPELLING = {
    "ㄏㄤ": "hang",
    "ㄒㄧㄥ": "xing",
    "ㄔㄨㄥ": "chong",
    "ㄓㄨㄥ": "zhong",
    "ㄔㄤ": "chang",
    "ㄓㄤ": "zhang",
    "ㄧ": "yi",
    "ㄧㄣ": "yin",
    "ㄨㄛ": "wo",
    "ㄙ": "si",
}
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"銀行重長我一,。"]
TRADITIONAL = str.maketrans("银长", "銀長")


def _traditional(text: str) -> str:
    return text.translate(TRADITIONAL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A g2pW folder without a network."""
    path = tmp_path / "G2PWModel"
    path.mkdir()
    (path / "POLYPHONIC_CHARS.txt").write_text(POLYPHONIC, "utf-8")
    (path / "MONOPHONIC_CHARS.txt").write_text(MONOPHONIC, "utf-8")
    (path / "bopomofo_to_pinyin_wo_tune_dict.json").write_text(json.dumps(SPELLING), "utf-8")
    (path / "config.py").write_text("lr = 5e-5\nuse_mask = True\nuse_char_phoneme = False\n", "utf-8")
    (path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    return path


class Recorder:
    """A session that keeps what it is given and prefers the label of a number."""

    def __init__(self, choose: Callable[[int, np.ndarray[Any, Any]], int]) -> None:
        self.fed: list[dict[str, np.ndarray[Any, Any]]] = []
        self._choose = choose

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> list[Any]:
        self.fed.append(dict(input_feed))
        rows = np.zeros(input_feed["phoneme_mask"].shape, np.float32)
        for row, (position, mask) in enumerate(
            zip(input_feed["position_ids"], input_feed["phoneme_mask"], strict=True)
        ):
            rows[row, self._choose(int(position), mask)] = 1
        return [rows]


def _first_allowed(position: int, mask: np.ndarray[Any, Any]) -> int:
    return int(mask.argmax())


def _reader(folder: Path, session: Recorder) -> PolyphoneReader:
    return PolyphoneReader(session, read_tables(folder), Vocabulary.read(folder / "vocab.txt"), _traditional)


# --- what the network is asked ---------------------------------------------------------------------------------------


def test_inputs_of_one_piece(folder: Path) -> None:
    session = Recorder(_first_allowed)
    assert _reader(folder, session)("我行,重长") == ["wo3", "hang2", ",", "zhong4", "zhang3"]
    (fed,) = session.fed
    number = VOCABULARY.index
    assert fed["input_ids"].tolist() == [[2, number("我"), number("行"), number(","), number("重"), number("長"), 3]]
    assert fed["token_type_ids"].tolist() == [[0] * 7]
    assert fed["attention_mask"].tolist() == [[1] * 7]
    assert fed["position_ids"].tolist() == [2, 4, 5]  # [CLS] is 0
    assert fed["char_ids"].tolist() == [1, 2, 3]  # of the sorted characters 一行重長
    assert {fed[name].dtype for name in fed} == {np.dtype(np.int64), np.dtype(np.float32)}
    # Labels are the sorted readings: ㄏㄤ2 ㄒㄧㄥ2 ... by code point; each row allows the two of its character.
    labels = read_tables(folder).labels
    allowed = [[labels[at] for at in np.flatnonzero(row)] for row in fed["phoneme_mask"]]
    assert [set(row) for row in allowed] == [{"hang2", "xing2"}, {"chong2", "zhong4"}, {"chang2", "zhang3"}]


def test_characters_that_the_vocabulary_lacks_are_unknown(folder: Path) -> None:
    session = Recorder(_first_allowed)
    _reader(folder, session)("飞行")
    assert session.fed[0]["input_ids"].tolist() == [[2, 1, VOCABULARY.index("行"), 3]]


def test_nothing_is_asked_about_listed_and_exempt_characters(folder: Path) -> None:
    session = Recorder(_first_allowed)
    assert _reader(folder, session)("我一银.") == ["wo3", "yi1", "yin2", "."]
    assert session.fed == []


def test_without_a_mask_every_label_is_allowed(folder: Path) -> None:
    (folder / "config.py").write_text("use_mask = False\n", "utf-8")
    session = Recorder(_first_allowed)
    _reader(folder, session)("行")
    assert session.fed[0]["phoneme_mask"].min() == 1


def test_labels_that_name_their_character(folder: Path) -> None:
    (folder / "config.py").write_text("use_char_phoneme = True\n", "utf-8")
    tables = read_tables(folder)
    assert len(tables.labels) == 8
    assert _reader(folder, Recorder(lambda position, mask: int(np.flatnonzero(mask)[1])))("行重") == ["xing2", "chong2"]


def test_a_text_whose_conversion_has_another_length_is_read_as_it_is(folder: Path) -> None:
    session = Recorder(_first_allowed)
    reader = PolyphoneReader(
        session, read_tables(folder), Vocabulary.read(folder / "vocab.txt"), lambda text: text + text
    )
    assert reader("行") == ["hang2"]


@pytest.mark.parametrize(
    ("asked", "length", "expected"),
    [
        ([20], 50, [Window(4, 37, (20,))]),
        ([3, 40], 50, [Window(0, 50, (3, 40))]),
        ([], 50, []),
        ([0, 477, 478], 600, [Window(0, 494, (0, 477)), Window(462, 495, (478,))]),
    ],
)
def test_windows_see_sixteen_characters_more(asked: list[int], length: int, expected: list[Window]) -> None:
    assert list(windows(asked, length)) == expected


def test_windows_of_a_long_text_fit_the_network() -> None:
    found = list(windows(range(5000), 5000))
    assert [place for window in found for place in window.asked] == list(range(5000))
    assert max(window.end - window.start for window in found) <= 510


def test_vocabularies_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n好\n", "utf-8")
    vocabulary = {"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "好": 3}}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(vocabulary), "utf-8")
    for name in ("vocab.txt", "tokenizer.json"):
        assert Vocabulary.read(tmp_path / name).tokens("好,") == [1, 3, 0, 2]
    (tmp_path / "vocab.txt").write_text("好\n", "utf-8")
    with pytest.raises(G2pwFolderError, match=r"lacks \[CLS\]"):
        Vocabulary.read(tmp_path / "vocab.txt")


# --- what is made of the answers -------------------------------------------------------------------------------------


def test_an_answer_of_another_shape_is_refused(folder: Path) -> None:
    class Wrong:
        def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> list[Any]:
            return [np.zeros((1, 2))]

    reader = PolyphoneReader(Wrong(), read_tables(folder), Vocabulary.read(folder / "vocab.txt"), _traditional)
    with pytest.raises(G2pwFolderError, match=r"\(1, 2\)"):
        reader("行")


def test_the_rules_behind_the_network_read_its_answers(folder: Path) -> None:
    front_end = create("v2", g2pw=_reader(folder, Recorder(_first_allowed)))
    assert front_end.pronounce("我长.").phones == ["w", "o2", "zh", "ang3", "."]  # 我 before the third tone
    assert front_end.pronounce("不重.").phones == ["b", "u2", "zh", "ong4", "."]  # 不 before the fourth tone
    assert front_end.pronounce("行走.").phones == ["x", "ing2", "z", "ou3", "."]  # the list of words overrules


def test_v1_models_do_not_use_it() -> None:
    def refuse(text: str) -> list[str]:
        raise AssertionError(text)

    assert create("v1", g2pw=refuse).pronounce("行.").phones


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_configuration_is_not_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    config = tmp_path / "config.py"
    config.write_text(f"open({str(marker)!r}, 'w')\nuse_mask = False\nother = [f() for f in ()]\n", "utf-8")
    assert read_settings(config) == Settings(use_mask=False)
    assert not marker.exists()


@pytest.mark.parametrize("text", ["use_mask = print('x')", "use_mask = 1", "use_mask = (", "x = " + "(" * 5000, "\x00"])
def test_a_configuration_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.py").write_text(text, "utf-8")
    with pytest.raises(G2pwFolderError, match=r"config\.py"):
        read_settings(tmp_path / "config.py")


def test_a_huge_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("#" * 100_000, "utf-8")
    with pytest.raises(G2pwFolderError, match="100000 bytes"):
        read_settings(tmp_path / "config.py")


def test_no_configuration_means_the_defaults(folder: Path) -> None:
    (folder / "config.py").unlink()
    assert read_settings(folder / "config.py") == Settings()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("POLYPHONIC_CHARS.txt", "行 ㄏㄤ2\n"),
        ("MONOPHONIC_CHARS.txt", "銀行\tㄧㄣ2\n"),
        ("bopomofo_to_pinyin_wo_tune_dict.json", "{"),
        ("bopomofo_to_pinyin_wo_tune_dict.json", "[1]"),
    ],
)
def test_a_broken_table_is_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, "utf-8")
    with pytest.raises(G2pwFolderError, match=name.split(".")[0]):
        read_tables(folder)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "MONOPHONIC_CHARS.txt").unlink()
    with pytest.raises(G2pwFolderError, match="MONOPHONIC_CHARS"):
        read_tables(folder)


# --- through onnxruntime ---------------------------------------------------------------------------------------------


def _write_network(path: Path, tables: Tables) -> None:
    """A network that knows one thing: after 銀 the first label of a character holds, else its last."""
    onnx = pytest.importorskip("onnx", reason="onnx makes the network of this test: pip install onnx")
    helper, labels = onnx.helper, len(tables.labels)
    rising = np.arange(1, labels + 1, dtype=np.float32)
    by_token = np.tile(rising, (len(VOCABULARY), 1))
    by_token[VOCABULARY.index("銀")] = rising[::-1]
    by_character = np.zeros((len(tables.character_ids), labels), np.float32)

    def constant(name: str, value: np.ndarray[Any, Any]) -> Any:
        return onnx.numpy_helper.from_array(value, name)

    nodes = [
        helper.make_node("Squeeze", ["input_ids", "axis"], ["tokens"]),
        helper.make_node("Sub", ["position_ids", "one"], ["before"]),
        helper.make_node("Gather", ["tokens", "before"], ["token_before"]),
        helper.make_node("Gather", ["by_token", "token_before"], ["context"]),
        helper.make_node("Gather", ["by_character", "char_ids"], ["own"]),
        helper.make_node("ReduceSum", ["attention_mask"], ["length"], keepdims=0),
        helper.make_node("ReduceSum", ["token_type_ids"], ["types"], keepdims=0),
        helper.make_node("Mul", ["length", "types"], ["zero"]),
        helper.make_node("Cast", ["zero"], ["zero_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Sum", ["context", "own", "zero_float"], ["scores"]),
        helper.make_node("Mul", ["scores", "phoneme_mask"], ["probs"]),
    ]
    whole, real = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info(name, whole, [1, "tokens"])
        for name in ("input_ids", "token_type_ids", "attention_mask")
    ]
    inputs += [helper.make_tensor_value_info(name, whole, ["asked"]) for name in ("char_ids", "position_ids")]
    inputs.append(helper.make_tensor_value_info("phoneme_mask", real, ["asked", labels]))
    graph = helper.make_graph(
        nodes,
        "stand-in",
        inputs,
        [helper.make_tensor_value_info("probs", real, ["asked", labels])],
        [
            constant("axis", np.array([0])),
            constant("one", np.array(1)),
            constant("by_token", by_token),
            constant("by_character", by_character),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))


@pytest.fixture
def with_network(folder: Path) -> Path:
    for package in ("onnxruntime", "opencc"):
        pytest.importorskip(package, reason=f"the extra g2pw is not installed: pip install {package}")
    _write_network(folder / "g2pW.onnx", read_tables(folder))
    return folder


def test_a_network_reads_characters_in_context(with_network: Path) -> None:
    reader = open_network(with_network)
    assert reader("银行我行.") == ["yin2", "hang2", "wo3", "xing2", "."]


def test_the_users_folder_is_found_and_used(with_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(resources.VARIABLE, str(with_network.parent))
    assert create("v2").pronounce("我行.").phones == ["w", "o3", "x", "ing2", "."]
    assert create("v2").pronounce("银行.").phones == ["y", "in2", "h", "ang2", "."]


def test_a_damaged_network_is_said_once_and_the_dictionary_reads(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra g2pw is not installed")
    pytest.importorskip("opencc", reason="the extra g2pw is not installed")
    (folder / "g2pW.onnx").write_bytes(b"no network")
    monkeypatch.setenv(resources.VARIABLE, str(folder.parent))
    monkeypatch.setattr(resources, "_said", {})
    with caplog.at_level(logging.WARNING):
        assert open_user_network() is None
        assert open_user_network() is None
    assert [record.message.count("g2pW.onnx cannot be loaded") for record in caplog.records] == [1]


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(G2pwFolderError, match="pip install onnxruntime"):
        open_network(folder)


def test_a_missing_folder_is_said_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resources, "folders", lambda: [tmp_path])
    monkeypatch.setattr(resources, "_said", {})
    with caplog.at_level(logging.WARNING):
        assert open_user_network() is None
    assert "-m GPT_SoVITS.resources fetch g2pw" in caplog.text
