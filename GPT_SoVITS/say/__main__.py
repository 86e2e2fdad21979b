"""Entry of ``python -m GPT_SoVITS.say``."""

import signal
import sys

from GPT_SoVITS.say.cli import main

# Ended by a service manager or by `timeout`: clean up as after Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)
sys.exit(main())
