"""One way to open an engine, whichever kind it is."""

from __future__ import annotations

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.process.supervisor import RemoteEngine


def open_engine(settings: EngineSettings, in_process: bool = False) -> Engine:
    """Open an engine; returns at once, requests wait while it starts.

    Args:
        settings: How it is set up.
        in_process: On a thread of this process, which then imports MindSpore, instead of in a process of its own, which
            is started again when it ends.
    """
    if not in_process:
        return RemoteEngine(settings)
    from GPT_SoVITS.inference.local import LocalEngine

    return LocalEngine(settings)
