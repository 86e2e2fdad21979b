"""How a parallel run (``pytest -n 2 --dist loadgroup``) spreads the tests over its processes.

A file is the smallest part that is handed out. The files that build MindSpore's graphs form two parts: they are handed
out first, each to one process, so that MindSpore and what it compiled are in memory twice and not more often. Networks
of full size, which take gigabytes, are in the second of them, so that no third process is as large. Other long files
follow, then files that wait for half of their time; what fills a processor is left for the end, when nothing else would
fill it. Tests marked ``alone`` measure time or need the whole machine; they come last, when every other process has
ended.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

ALONE = "alone"
SHARING = ("tests/service/broker/", "tests/webui/")
"""Folders whose tests share what takes seconds to start (one RabbitMQ; Gradio and its pages): each is one part."""
GRAPHS = {
    "graphs of networks": ("tests/networks/", "tests/native/", "tests/inference/"),
    "graphs of training": ("tests/training/", "tests/convert/test_mindspore.py", "tests/parity/"),
}
"""Beginnings of the names of files that build graphs, or networks of full size, by their part."""
LONG = ("tests/test_style.py", "tests/service/proof/")
"""Files that are handed out before the others, so that none of them is the last one, while other processes idle."""
WAITING = ("tests/page/", "tests/service/", "tests/process/", "tests/webui/")
"""Files that wait for browsers, processes and databases; they run beside files that do not."""


def part_of(path: str, alone: bool) -> str:
    """Return the name of the part that a test in the file ``path`` belongs to."""
    if alone:
        return ALONE
    for folder in SHARING:
        if path.startswith(folder):
            return folder
    return next((part for part, beginnings in GRAPHS.items() if path.startswith(beginnings)), path)


def place_of(part: str) -> int:
    """Return a number by which parts are ordered: the lowest is handed out first."""
    if part in GRAPHS or part == ALONE:
        return 4 if part == ALONE else 0
    if part.startswith(LONG):
        return 1
    return 2 if part.startswith(WAITING) else 3


def arrange(items: list[pytest.Item]) -> None:
    """Order tests as they are to be handed out, and mark each with its part. A run without processes is not touched."""
    parts = {item: part_of(item.nodeid.split("::")[0], item.get_closest_marker(ALONE) is not None) for item in items}
    for item, part in parts.items():
        item.add_marker(pytest.mark.xdist_group(part))
    items.sort(key=lambda item: place_of(parts[item]))


class Scheduler(LoadGroupScheduling):  # type: ignore[misc]
    """Hands out one part after the other, and the last one, if it is to run alone, when nothing else runs."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by the number of tests, which says nothing of how long they take

    def _reschedule(self, node: Any) -> None:
        if node.shutting_down or list(self.workqueue) != [ALONE]:
            super()._reschedule(node)
            return
        others = [other for other in self.nodes if other is not node]
        if any(not other.shutting_down for other in others):
            node.shutdown()  # ends what it has; the last process stays
        elif not any(self._pending_of(self.assigned_work[other]) for other in others):
            super()._reschedule(node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Note the end of a test; whoever waits for the others to end looks again."""
        super().mark_test_complete(node, item_index, duration)
        self._look_again()

    def remove_node(self, node: Any) -> str | None:
        """Forget a process that has ended."""
        crashed: str | None = super().remove_node(node)
        self._look_again()
        return crashed

    def _look_again(self) -> None:
        if list(self.workqueue) == [ALONE]:
            for node in self.nodes:
                self._reschedule(node)
