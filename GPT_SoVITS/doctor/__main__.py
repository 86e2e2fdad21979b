"""Entry of ``python -m GPT_SoVITS.doctor``."""

import sys

from GPT_SoVITS.doctor.cli import main

sys.exit(main())
