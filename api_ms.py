"""Launcher of the voice service: parses the command line, makes the settings, serves."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from typing import Any

from service.options import add_folders


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
    add_folders(options)
    options.add_argument(
        "--no-starter", action="store_true", help="leave out the small voice that comes with the program"
    )
    options.add_argument("--open", action="store_true", help="open the page in a browser where there is a screen")
    options.add_argument("--broker", help="address of RabbitMQ, amqp://user:password@host/vhost (default: none)")
    options.add_argument("--database", help="address of the database, postgresql+psycopg://... (default: a file)")
    options.add_argument("--root", help="folder of voices, tasks and results (default: the project's)")
    return options


def __getattr__(name: str) -> Any:
    """Make the application when it is first asked for: ``uvicorn api_ms:app``, settings from the environment."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from service.app import create_app
    from service.settings import SettingsError, load_settings, report

    try:
        settings = load_settings()
    except SettingsError as error:  # a server would print it with its own stack
        sys.exit(report(error))
    return globals().setdefault("app", create_app(settings))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    given = parser().parse_args(arguments)
    gc.disable()  # until the application is made: a fifth of the time of imports went into looking for garbage in them
    try:
        return _serve(given)
    finally:
        gc.enable()


def _serve(given: argparse.Namespace) -> int:
    from service.settings import SettingsError, load_settings, report

    try:
        settings = load_settings(
            host=given.host,
            port=given.port,
            device_id=given.device,
            device_target=given.device_target,
            config=given.config,
            root=given.root,
            audio_root=given.audio_root,
            weights_root=given.weights_root,
            broker=given.broker,
            database_url=given.database,
            starter=False if given.no_starter else None,
        )
    except SettingsError as error:
        return report(error)
    from service.server import run

    return run(settings, open_page=given.open)


if __name__ == "__main__":
    sys.exit(main())
