"""Launcher with the command line and the defaults of the api_v2.py that it replaces; serves all interfaces."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    from service.compatibility.command_lines import api_v2_settings
    from service.settings import SettingsError, load_settings, report

    try:
        settings = load_settings(**api_v2_settings(sys.argv[1:] if arguments is None else arguments))
    except SettingsError as error:
        return report(error)
    from service.server import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
