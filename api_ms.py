"""Launcher of the voice service: parses the command line, makes the settings, serves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """The command line; everything else is in the configuration file or the environment, see docs/SETTINGS.md."""
    options = argparse.ArgumentParser(
        description="GPT-SoVITS voice service on MindSpore: REST API, admin page, and the older dialects."
    )
    options.add_argument("--host", help="address to listen on (also infer_api_host; default 0.0.0.0)")
    options.add_argument("--port", type=int, help="port to listen on (also infer_api_port; default 9881)")
    options.add_argument(
        "--device", type=int, help="number of the NPU (also infer_device_id, ASCEND_DEVICE_ID, DEVICE_ID; default 0)"
    )
    options.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    options.add_argument("--config", help="configuration file, YAML or TOML")
    options.add_argument("--root", help="folder of voices, tasks and results (default: the project's)")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    given = parser().parse_args(arguments)
    from service.settings import SettingsError, load_settings

    try:
        settings = load_settings(
            host=given.host,
            port=given.port,
            device_id=given.device,
            device_target=given.device_target,
            config=given.config,
            root=given.root,
        )
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    from service.server import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
