"""Small networks in memory, shared by all tests of the pieces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from GPT_SoVITS import backend
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.references import PreparedReference, References
from GPT_SoVITS.sovits.synthesizer import Buckets
from tests.engine.small import SmallInstallation
from tests.inference.driver import finish

FEW = Buckets(codes=(128,), phonemes=(64,), frames=(256,), reference=(512,), features=(544,))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallInstallation:
    """Two pairs of weights, HuBERT and a clip."""
    backend.configure("CPU")
    return SmallInstallation(tmp_path_factory.mktemp("pieces"))


@pytest.fixture(scope="session")
def features(home: SmallInstallation) -> Features:
    """The shared networks."""
    return Features(home.settings())


@pytest.fixture(scope="session")
def bundle(home: SmallInstallation, features: Features) -> Bundle:
    """The first pair, with few lengths to compile for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "BUCKETS", FEW)
        return load_bundle(home.pair(), home.settings(), features)


@pytest.fixture
def references(features: Features) -> Iterator[References]:
    """References with an empty cache."""
    found = References(features)
    yield found
    found.close()


@pytest.fixture(scope="session")
def voice(home: SmallInstallation, features: Features, bundle: Bundle) -> PreparedReference:
    """The clip, prepared with its prompt."""
    kept = References(features)
    prepared = finish(kept.prepare(bundle, home.voice))
    kept.close()
    return prepared
