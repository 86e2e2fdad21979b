"""``python -m GPT_SoVITS.dataset``; see :mod:`GPT_SoVITS.dataset.command`."""

import sys

from GPT_SoVITS.dataset.command import main

# Processes that a step starts import this module again.
if __name__ == "__main__":
    sys.exit(main())
