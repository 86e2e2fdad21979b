"""``python -m GPT_SoVITS.training``; see :mod:`GPT_SoVITS.training.command`."""

import sys

from GPT_SoVITS.training.command import main

sys.exit(main(own_process=True))
