"""The doctor says what is missing and how to mend it, and its exit status says whether speech is possible."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS import _commands
from GPT_SoVITS.doctor import cli, installed, machine, software, speed
from GPT_SoVITS.doctor.findings import Finding, State, as_json, as_text, speech_possible
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.native.library import NativeLibrary
from GPT_SoVITS.resources.manifest import load_manifest
from tests.engine.small import SmallInstallation
from tests.say.test_weights import install


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    """Findings by what was looked at."""
    return {finding.name: finding for finding in findings}


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at: everything is well."""
    for module in (machine, software, installed):
        fine = [Finding("area", module.__name__, State.OK, "fine")]
        monkeypatch.setattr(module, "examine", lambda *_, fine=fine: fine)


class TestReport:
    def test_a_remedy_stands_below_what_it_mends(self) -> None:
        found = [
            Finding("machine", "python", State.OK, "3.11"),
            Finding("resources", "weights", State.BAD, "none", "do this\nand that"),
        ]
        assert as_text(found).splitlines() == [
            "machine:",
            "  ok    python   3.11",
            "resources:",
            "  BAD   weights  none",
            " " * 17 + "do this",
            " " * 17 + "and that",
        ]
        assert not speech_possible(found)

    def test_notes_do_not_prevent_speech(self) -> None:
        found = [Finding("software", "ffmpeg", State.NOTE, "not installed", "apt-get install ffmpeg")]
        assert speech_possible(found)
        assert as_json(found) == {
            "speech_possible": True,
            "findings": [{"area": "software", "name": "ffmpeg", "state": "note", "found": "not installed",
                          "remedy": "apt-get install ffmpeg"}],
        }  # fmt: skip

    def test_exit_status_and_json(
        self, healthy: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["--quick", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["speech_possible"] is True
        bad = [Finding("resources", "hubert", State.BAD, "not installed", "fetch")]
        monkeypatch.setattr(installed, "examine", lambda: bad)
        assert cli.main(["--quick"]) == 1
        assert "NOT possible" in capsys.readouterr().out


class TestResources:
    def test_an_empty_installation_lacks_what_speech_needs_and_says_how_to_get_it(self, tmp_path: Path) -> None:
        found = by_name(installed.examine(tmp_path, {}))
        assert found["hubert"].state is found["weights"].state is State.BAD
        assert found["hubert"].remedy == _commands.module("GPT_SoVITS.resources", "fetch", "hubert")
        assert found["weights"].remedy == _commands.module("GPT_SoVITS.resources", "fetch", "--version", "v2")
        assert found["roberta"].state is State.NOTE and "Chinese" in found["roberta"].found

    def test_the_commands_name_resources_that_exist(self, tmp_path: Path) -> None:
        known = {resource.id for resource in load_manifest().resources}
        for finding in (each for each in installed.examine(tmp_path, {}) if each.remedy):
            assert finding.remedy.endswith("--version v2") or finding.remedy.split()[-1] in known

    def test_a_complete_installation(self, tmp_path: Path) -> None:
        install(tmp_path, "hubert", "roberta", "gpt-v2", "sovits-v2")
        findings = installed.examine(tmp_path, {})
        assert speech_possible(findings) and by_name(findings)["roberta"].state is State.OK

    def test_a_damaged_file_is_called_damaged(self, tmp_path: Path) -> None:
        install(tmp_path, "hubert")
        path = tmp_path / "GPT_SoVITS/pretrained_models/chinese-hubert-base/pytorch_model.bin"
        os.truncate(path, path.stat().st_size - 1)
        assert "damaged" in by_name(installed.examine(tmp_path, {}))["hubert"].found

    def test_folders_that_the_environment_names(self, tmp_path: Path) -> None:
        found = by_name(installed.examine(tmp_path, {"cnhubert_base_path": str(tmp_path)}))
        assert found["hubert"].state is State.OK


class TestSoftware:
    def test_without_ffmpeg(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: None)
        found = software._ffmpeg()
        assert found.state is State.NOTE and found.remedy == "apt-get install ffmpeg"

    def test_a_package_that_is_not_there(self) -> None:
        assert software._package("no-such-package-anywhere").state is State.BAD

    def test_numpy_2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(software, "version", lambda name: "2.1.0")
        assert software._package("numpy").state is State.BAD and software._package("tqdm").state is State.OK

    @pytest.mark.parametrize(("speed", "state"), [(60.0, State.OK), (0.4, State.NOTE)])
    def test_slow_convolutions_are_explained(self, speed: float, state: State) -> None:
        found = software._convolutions(lambda: speed, 5.0)
        assert found.state is state and ("ONEDNN" in found.remedy) is (state is State.NOTE)

    def test_without_a_compiler_the_remedy_installs_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from GPT_SoVITS.native import library

        monkeypatch.setattr(library, "load", lambda may_build: library.NativeLibrary(None, reason="not built"))
        monkeypatch.setattr(shutil, "which", lambda name: None)
        found = software._native()
        assert found.state is State.NOTE and found.remedy.startswith(
            f"apt-get install g++ && {_commands.module('GPT_SoVITS.native')}"
        )

    def test_a_mindspore_that_cannot_compute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from GPT_SoVITS import backend

        def broken(*_: object) -> None:
            raise OSError("libmindspore.so: cannot open\nmore")

        monkeypatch.setattr(backend, "configure", broken)
        found = software._device(None, None, EngineSettings())[0]
        assert found.state is State.BAD and found.found.endswith("OSError: libmindspore.so: cannot open")


class TestMachine:
    def test_a_container_that_may_use_less_than_it_sees(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "cpu.max").write_text("150000 100000\n", encoding="ascii")
        assert machine.quota(tmp_path / "cpu.max") == 1.5
        (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
        assert machine.quota(tmp_path / "cpu.max") is None
        monkeypatch.setattr(machine, "quota", lambda: 1.5)
        monkeypatch.setattr(machine, "processors", lambda: 64)
        assert "OMP_NUM_THREADS=2" in machine._processor().remedy

    def test_free_memory_is_what_the_container_leaves(self, tmp_path: Path) -> None:
        (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n", encoding="ascii")
        assert machine.available_gb(tmp_path / "meminfo", tmp_path) == pytest.approx(8.192)
        (tmp_path / "memory.max").write_text("2000000000", encoding="ascii")
        (tmp_path / "memory.current").write_text("500000000", encoding="ascii")
        assert machine.available_gb(tmp_path / "meminfo", tmp_path) == pytest.approx(1.5)
        assert machine.available_gb(tmp_path / "absent", tmp_path) is None

    @pytest.mark.parametrize(("free", "state"), [(1.0, State.BAD), (2.5, State.NOTE), (16.0, State.OK)])
    def test_too_little_memory(self, monkeypatch: pytest.MonkeyPatch, free: float, state: State) -> None:
        monkeypatch.setattr(machine, "available_gb", lambda: free)
        assert machine._memory().state is state

    def test_a_python_that_mindspore_does_not_support(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 13, 0))
        assert machine._python().state is State.BAD

    def test_this_machine_is_described(self, tmp_path: Path) -> None:
        found = by_name(machine.examine(tmp_path))
        assert found["processor"].found[0] != "," and str(tmp_path) in found["disk"].found


class TestSampler:
    @pytest.mark.parametrize(("multiplies", "asked", "state", "words"), [
        (True, "auto", State.OK, "bfloat16 products, float32 sums (cfm_products: auto)"),
        (False, "auto", State.OK, "float32 products (cfm_products: auto)"),
        (False, "bfloat16", State.NOTE, "no such instructions"),
    ])  # fmt: skip
    def test_it_is_said_what_is_multiplied_on_this_processor(
        self, multiplies: bool, asked: str, state: State, words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from GPT_SoVITS import execution
        from GPT_SoVITS.native import library

        monkeypatch.setattr(library, "load", lambda may_build: NativeLibrary(ctypes.CDLL(None), "avx2"))
        monkeypatch.setattr(execution, "multiplies_bfloat16", lambda handle: multiplies)
        found = software._sampler(EngineSettings(cfm_products=asked))
        assert found.state is state and words in found.found


class TestSpeed:
    def test_the_networks_are_run_and_timed(
        self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = SmallInstallation(tmp_path_factory.mktemp("small"))
        monkeypatch.setattr(speed, "find_weights", lambda: home.pair())
        found = by_name(speed.examine(EngineSettings(precision="float32")))
        assert found["decoder"].state is found["vocoder"].state is State.OK
        assert "ms per token" in found["estimate"].found and "one.pth" in found["vocoder"].found

    def test_kernels_that_compute_something_else_are_not_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from GPT_SoVITS.native import library
        from GPT_SoVITS.t2s import self_check

        monkeypatch.setattr(library, "load", lambda may_build: library.NativeLibrary(ctypes.CDLL(None), "avx2"))
        monkeypatch.setattr(self_check, "check_kernels", lambda handle, precision: "step 3 is off by 0.2")
        assert speed._kernels()[0].state is State.NOTE and "off by 0.2" in speed._kernels()[0].found
        monkeypatch.setattr(self_check, "check_kernels", lambda handle, precision: "")
        assert speed._kernels()[0].state is State.OK

    @pytest.mark.parametrize("results", [[np.array([1.0, np.nan])] * 2, [np.ones(3), np.zeros(3)]])
    def test_results_that_cannot_be_trusted_are_bad(self, results: list[np.ndarray]) -> None:  # type: ignore[type-arg]
        assert speed._sound("decoder", "words", results).state is State.BAD

    def test_weights_that_cannot_be_used_are_bad(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "g.ckpt").write_bytes(b"no weights")
        pair = WeightsPair(str(tmp_path / "g.ckpt"), str(tmp_path / "g.ckpt"))
        monkeypatch.setattr(speed, "find_weights", lambda: pair)
        assert speed.examine(EngineSettings())[0].state is State.BAD
