"""``python GPT_SoVITS/convert.py``: the converter under the path that existing instructions name.

Options as in ``python -m convert --help``.
"""

from __future__ import annotations

import sys
from pathlib import Path


def _main() -> int:
    # As a script, this folder leads sys.path, where this file would hide the package of the same name.
    folder = Path(__file__).resolve().parent
    sys.path[:] = [str(folder.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != folder)]
    from convert.cli import main

    return main()


if __name__ == "__main__":
    raise SystemExit(_main())
