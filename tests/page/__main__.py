"""``python -m tests.page [--port N]``: the service and its page with an engine that pretends, in a folder that goes."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import uvicorn

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.settings import load_settings


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.page", description=__doc__)
    parser.add_argument("--port", type=int, default=9881)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory(prefix="gpt-sovits-page-") as root:
        app = create_app(load_settings(root=Path(root), host="127.0.0.1", port=port), FakeEngine())
        print(f"http://127.0.0.1:{port}/index, nothing is kept", flush=True)
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
