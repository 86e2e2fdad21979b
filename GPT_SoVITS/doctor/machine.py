"""What the machine has: processor, memory, disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from GPT_SoVITS import _environment
from GPT_SoVITS.doctor.findings import Finding, State
from GPT_SoVITS.resources.locate import project_root

AREA = "machine"
USEFUL_FLAGS = (
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "asimd",
    "asimddp",
    "bf16",
    "sve",
)
PYTHONS = ((3, 10), (3, 12))
MEMORY_GB = (1.8, 3.0)
"""Free memory below which nothing loads, and below which float32 or several sets of weights do not fit."""
DISK_GB = 2.0
"""What the v2 weights and some output take."""


def examine(root: Path | None = None) -> list[Finding]:
    """Look at the machine."""
    return [_system(), _python(), _processor(), _memory(), *_disk(project_root() if root is None else root)]


def _system() -> Finding:
    tested = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    found = f"{platform.system()} {platform.release()}, {platform.machine()}"
    remedy = "" if tested else "only Linux on x86_64 and aarch64 is supported"
    return Finding(AREA, "system", State.OK if tested else State.NOTE, found, remedy)


def _python() -> Finding:
    good = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    remedy = "" if good else "Python 3.10 to 3.12 is needed: bash install.sh --python /path/to/python3.11"
    return Finding(AREA, "python", State.OK if good else State.BAD, sys.version.split()[0], remedy)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quota(cgroup: Path = Path("/sys/fs/cgroup/cpu.max")) -> float | None:
    """Return the processors' worth of time that a container is given, None without a limit."""
    try:
        limit, period = cgroup.read_text(encoding="ascii").split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        return None


def _processor() -> Finding:
    flags = _environment.cpu_flags()
    useful = " ".join(flag for flag in USEFUL_FLAGS if flag in flags) or "no vector instructions known"
    count, limit = processors(), quota()
    found = f"{_model()}, {count} usable ({useful})"
    if limit is not None and limit < count:
        remedy = f"the container may use {limit:g} of them: set OMP_NUM_THREADS={max(1, round(limit))}"
        return Finding(AREA, "processor", State.NOTE, found, remedy)
    return Finding(AREA, "processor", State.OK, found)


def _model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(filter(None, names), platform.processor() or platform.machine())


def available_gb(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the memory that can still be had, in GB (10^9 bytes); the container's limit counts."""
    try:
        rows = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines() if ":" in line)
        free = int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit = int((cgroup / "memory.max").read_text(encoding="ascii"))
        free = min(free, limit - int((cgroup / "memory.current").read_text(encoding="ascii")))
    except (OSError, ValueError):  # no limit
        pass
    return free / 1e9


def _memory() -> Finding:
    free = available_gb()
    if free is None:
        return Finding(AREA, "memory", State.NOTE, "the system does not report it")
    least, comfortable = MEMORY_GB
    found = f"{free:.1f} GB free"
    if free < least:
        return Finding(AREA, "memory", State.BAD, found, f"{least:g} GB are needed: end other programs")
    if free < comfortable:
        return Finding(AREA, "memory", State.NOTE, found, "enough for one set of weights with --precision float16")
    return Finding(AREA, "memory", State.OK, found)


def _disk(root: Path) -> list[Finding]:
    findings = []
    for name, folder in (("disk", root), ("temporary folder", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free / 1e9
        state = State.OK if free >= DISK_GB else State.NOTE
        remedy = "" if state is State.OK else f"fetching weights takes up to {DISK_GB:g} GB: make room"
        findings.append(Finding(AREA, name, state, f"{free:.0f} GB free in {folder}", remedy))
    output = root / "output"
    place = output if output.is_dir() else root
    if not os.access(place, os.W_OK):
        remedy = f"let this user write there, or name another file: chown $(id -u) {place}, or say ... -o FILE"
        findings.append(Finding(AREA, "output folder", State.NOTE, f"{place} cannot be written", remedy))
    return findings
