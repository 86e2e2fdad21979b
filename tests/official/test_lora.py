"""A LoRA's way: trained here, written in the official form, loaded by the official program, spoken here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.cfm_native_cases import sampled
from convert import identify
from convert.reader import load
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.engine.messages import Finished, SynthesisRequest, WeightsPair
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference.bundle import load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.local import LocalEngine
from tests.engine.listening import Story, tell
from tests.engine.small import SmallInstallation
from tests.engine.small_mel import MelInstallation
from tests.official.program import run_official
from tests.training.test_command import Command, events, losses

STEPS, RANK = 20, 16
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A training of so many steps that has ended."""
    command = Command(tmp_path_factory.mktemp("trained"), "lora")
    told = list(events(command.start("--batch-size", "5", "--checkpoint-steps", str(STEPS))))
    assert told[-1]["event"] == "finished" and max(losses(told)) == STEPS
    return command


@pytest.fixture(scope="module")
def base(trained: Command) -> Path:
    """The weights that it began with."""
    return trained.root / "mel.pth"


@pytest.fixture(scope="module")
def lora(trained: Command) -> Path:
    """The file that it wrote."""
    return trained.weights / f"voice_e1_s{STEPS}_l{RANK}.pth"


@pytest.fixture(scope="module")
def installation(base: Path, tmp_path_factory: pytest.TempPathFactory) -> MelInstallation:
    """What else speaks: a decoder, HuBERT, a vocoder and a clip."""
    home = SmallInstallation(tmp_path_factory.mktemp("home"))
    return MelInstallation(home, tmp_path_factory.mktemp("mel"))


@pytest.fixture(autouse=True)
def installed_base(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base lies where the published weights do."""
    monkeypatch.setattr(bundle_module, "resource_file", lambda resource: base)


def pair(installation: MelInstallation, sovits: Path) -> WeightsPair:
    """A file of SoVITS weights with a decoder."""
    return WeightsPair(installation.home.pair().gpt, str(sovits))


def synthesizer(installation: MelInstallation, sovits: Path) -> MelSynthesizer:
    """The network of a file, held in float32."""
    weights = pair(installation, sovits)
    settings = installation.settings(weights=weights)
    found = load_bundle(weights, settings, Features(settings)).synthesizer
    assert isinstance(found, MelSynthesizer)
    return found


def test_the_file_is_in_the_official_form(lora: Path) -> None:
    found = identify(lora)
    assert (found.kind, found.version, found.lora, found.problem) == ("sovits", "v4", True, "")
    assert load(lora).tree["lora_rank"] == RANK and lora.read_bytes()[:2] == b"04"


def test_the_official_program_loads_it_and_samples_the_same(
    installation: MelInstallation, base: Path, lora: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "mel.npy"
    run_official("tests.official.load_lora", base, lora, theirs)
    tuned, plain = (sampled(synthesizer(installation, path))() for path in (lora, base))
    np.testing.assert_allclose(tuned, np.load(theirs), atol=1e-3)
    assert np.abs(tuned - plain).max() > 0.1, "so little of it is the training"


def test_it_speaks_here_and_not_as_its_base(installation: MelInstallation, base: Path, lora: Path) -> None:
    engine = LocalEngine(installation.settings(weights=pair(installation, base), max_rows=2))

    def speak(sovits: Path) -> Story:
        request = SynthesisRequest(
            "Yes.", "en", installation.home.voice, seed=4, max_attempts=1, sample_steps=4,
            weights=pair(installation, sovits),
        )  # fmt: skip
        story = tell(engine, request)
        assert isinstance(story.last(300), Finished)
        return story

    try:
        plain, tuned = speak(base).audio, speak(lora).audio
    finally:
        engine.close()
    assert plain.shape == tuned.shape and len(tuned) > 4800
    assert np.isfinite(tuned).all() and np.abs(tuned - plain).max() > 1e-3
