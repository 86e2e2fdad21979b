"""The pages in front of a fake service, once for a session; each test has its fake as new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.webui.fakeservice import FakeService
from webui import FIGURES

if TYPE_CHECKING:  # Gradio may not be installed
    from tests.webui.sites import Site

_FURTHER = {"label": "/change_label", "uvr5": "/change_uvr5"} | dict.fromkeys(
    ("tts", "tts-parallel"), "/change_tts_inference"
)
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", **FIGURES}


@pytest.fixture(scope="session")
def _shared() -> Iterator[Site]:
    from tests.webui.sites import site

    with site() as found:
        yield found


@pytest.fixture(scope="session")
def _connected(_shared: Site) -> Any:
    return _shared.client()


@pytest.fixture
def shared(_shared: Site) -> Site:
    """The pages, in Chinese, on a machine with an accelerator of 4 GB."""
    fresh = FakeService()
    for name, value in vars(fresh).items():
        setattr(_shared.fake, name, value)
    return _shared


@pytest.fixture
def client(shared: Site, _connected: Any) -> Any:
    """A real client of the pages; the further pages are closed."""
    _connected.predict("v2", api_name="/switch_version")
    for name, endpoint in _FURTHER.items():
        if shared.pages.sites[name].is_open:
            _connected.predict(api_name=endpoint)
    return _connected
