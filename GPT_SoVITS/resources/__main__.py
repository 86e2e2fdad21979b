"""`python -m GPT_SoVITS.resources list|fetch|check`."""

from __future__ import annotations

import signal
import sys

from GPT_SoVITS.resources.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `list | head` ends quietly, like other command line tools
    sys.exit(main(sys.argv[1:]))
