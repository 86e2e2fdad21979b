"""Launcher of the Gradio page: the page and the client API of GPT-SoVITS, in front of the voice service."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from webui import FIGURES


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ |= FIGURES
    try:
        import gradio  # noqa: F401  (only whether it is there)
    except ImportError:
        how = f"{sys.executable} -m pip install -e '.[webui]'"
        print(f"error: Gradio is not installed; install it with: {how}", file=sys.stderr)
        return 2
    from webui.command import main as serve

    return serve(arguments)


if __name__ == "__main__":
    sys.exit(main())
