"""The process in which weight files of strangers are looked at: one path a line comes in, one finding a line goes out.

Whoever starts it can lose it: a file that is cut short while it is mapped, or that finds a way to take all memory or
time, ends this process and nothing else. Lines are JSON in ASCII, so that names which are not UTF-8 survive.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from convert.errors import CheckpointError
from convert.identity import identify
from convert.printing import printable

MEMORY = 256 << 20
"""Bytes of address space beyond what the process has and what mapping the file takes."""
CPU_SECONDS = 5
READY = "ready"


def _limited(size: int) -> None:
    """Bound what examining a file may take, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        has = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (has + size + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def examine(path: Path) -> dict[str, Any]:
    """Return what :class:`convert.identity.Identity` has, or only ``problem``, as JSON can hold it."""
    try:
        _limited(path.stat().st_size)
        return asdict(identify(path))
    except CheckpointError as error:
        return {"problem": str(error)}
    except OSError as error:
        return {"problem": f"it cannot be opened: {error.strerror or type(error).__name__}"}
    except MemoryError:
        return {"problem": f"examining it takes more than {MEMORY >> 20} MB of memory; no weight file does"}
    except Exception as error:  # whatever a file provokes is a finding about it
        return {"problem": printable(f"it cannot be read ({type(error).__name__}: {error})", 300)}


def main() -> None:
    """Answer until the input ends."""
    print(json.dumps(READY), flush=True)
    for line in sys.stdin:
        print(json.dumps(examine(Path(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
