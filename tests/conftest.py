"""What every test gets: the order of a parallel run, a heap that is cheap to look through, and a report of costs."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before numpy, MindSpore and the native kernels are loaded: processes beside each other have one thread each. More
    # would wait for each other, and waiting threads spin.
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")


NO_STARTER = "GPT_SOVITS_STARTER"
"""Services in tests, and those in processes of their own, begin without the voice that comes with the program: most
tests say themselves which voices and weights there are."""
os.environ[NO_STARTER] = "false"

gc.disable()  # until everything is collected: nothing is garbage while modules are loaded and tests are made
_MANY_MODULES = 50
_modules_frozen = 0
_KEPT_BYTES = 30 << 20
"""What files may leave before garbage is looked for, which takes 0.1 s."""
_least_resident = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    parser.addoption("--processor-time", action="store_true", help="print which test files take most processor time")


def pytest_configure(config: pytest.Config) -> None:
    """Start measuring where it is asked for."""
    if config.getoption("--processor-time"):
        from tests.processor_time import ProcessorTime

        config.pluginmanager.register(ProcessorTime())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Arrange the tests for the processes of a parallel run."""
    if getattr(config.option, "loadgroup", False):  # what pytest-xdist tells its processes
        from tests.scheduling import arrange

        arrange(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Choose what hands out the tests."""
    if config.getoption("dist") != "loadgroup":
        return None
    from tests.scheduling import Scheduler

    return Scheduler(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Tell results at once, and share the work of listing all tests.

    Each process of a parallel run begins with files of its own. Pytest rewrites the assertions of a file that is loaded
    for the first time, and keeps the result. Processes that go through the files in one order would all rewrite all of
    them.
    """
    _tell_reruns_at_once(session.config)
    if session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    root = Path(__file__).parent
    for path in sorted(root.rglob("test_*.py"))[own::processes] if processes > 1 else ():
        with suppress(Exception, pytest.skip.Exception):  # whoever lists it says what is wrong
            import_module(".".join(path.relative_to(root.parent).with_suffix("").parts))


def _tell_reruns_at_once(config: pytest.Config) -> None:
    """Let what counts second tries (``--reruns``) send at once: it writes twice before each answer.

    Else the kernel keeps the second message until the first one is acknowledged: 40 ms, with every test.
    """
    own = getattr(getattr(config, "failures_db", None), "sock", None)
    if own is not None and "PYTEST_XDIST_WORKER" in os.environ:
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but among what tests make."""
    _collect_garbage()
    gc.set_threshold(20_000, 20, 50)  # the usual one looks through a test's objects many times, at 3 % of all time
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Give memory back after a file that took some: glibc keeps what weights of full size took, hundreds of MB."""
    global _least_resident
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is None or (nextitem is not None and nextitem.path == item.path):
        return
    own = psutil.Process()
    if own.memory_info().rss > _least_resident + _KEPT_BYTES:
        _collect_garbage()
        trim(0)
        _least_resident = own.memory_info().rss


def _collect_garbage() -> None:
    """Collect garbage, and do not look at what modules hold again: it stays to the end.

    Tests and modules are a million objects, and to look through them takes 0.4 s: after 300 files two minutes.
    """
    global _modules_frozen
    gc.collect()
    if len(sys.modules) > _modules_frozen + _MANY_MODULES:
        gc.freeze()
        _modules_frozen = len(sys.modules)
