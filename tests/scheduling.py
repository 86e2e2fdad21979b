"""How a parallel run (``pytest -n 3 --dist loadgroup``) spreads the tests over its processes.

A file is the smallest part that is handed out. The files that build MindSpore's graphs, or networks of full size, form
a few parts. They are handed out first, and at most two of them are under way. MindSpore keeps every graph until its
process ends, so a process that has ended such a part makes room for a new one: listing all tests again takes 12 s, and
gives back a gigabyte or two. Other long files follow, then files that wait for half of their time; what fills a
processor is left for the end, when nothing else would fill it. Tests marked ``alone`` measure time or need the whole
machine; they come last, when every other process has ended.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

ALONE = "alone"
SHARING = ("tests/service/broker/", "tests/webui/")
"""Folders whose tests share what takes seconds to start (one RabbitMQ; Gradio and its pages): each is one part."""
GRAPHS = {
    "graphs of training": ("tests/training/", "tests/convert/test_mindspore.py", "tests/parity/"),
    "graphs of networks": ("tests/networks/",),
    "graphs of speech": ("tests/native/", "tests/inference/"),
}
"""Beginnings of the names of files that build graphs, or networks of full size, by their part."""
GRAPHS_AT_ONCE = 2
_IN_STOCK = 2
"""Tests of a process beyond which it is given no more; as pytest-xdist has it."""
_ONE_LEFT = 1
"""A process begins its last test only when it knows what follows, so what follows is said while one test is left."""
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
    if part in GRAPHS:
        return list(GRAPHS).index(part) - len(GRAPHS)
    if part == ALONE:
        return 4
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
        self._beginning: set[Any] = set()

    def _next_part(self) -> str | None:
        """Return what can be begun now beside what is under way."""
        full = sum(map(self._has_graphs, self.nodes)) >= GRAPHS_AT_ONCE
        return next((part for part in self.workqueue if part != ALONE and not (full and part in GRAPHS)), None)

    def _assign_work_unit(self, node: Any) -> None:
        part = self._next_part()
        if part is not None:
            self._hand_out(part, node)

    def _hand_out(self, part: str, node: Any) -> None:
        self.workqueue.move_to_end(part, last=False)
        super()._assign_work_unit(node)

    def _has_graphs(self, node: Any) -> bool:
        return any(part in GRAPHS for part in self.assigned_work[node])

    def _reschedule(self, node: Any) -> None:
        """Give a process work until it has some in stock, or let it end: with one test alone it would wait for ever."""
        before = len(self.workqueue) + 1
        while len(self.workqueue) < before and not node.shutting_down:
            before = len(self.workqueue)
            self._give(node)

    def _give(self, node: Any) -> None:
        pending = self._pending_of(self.assigned_work[node])
        if node not in self.registered_collections or pending > _IN_STOCK:  # a new one still lists the tests
            return
        if self._has_graphs(node):
            if pending <= _ONE_LEFT:
                node.shutdown()  # ends what it has
        elif self._next_part() is not None:
            self._assign_work_unit(node)
        elif list(self.workqueue) == [ALONE]:
            self._give_alone(node)
        else:
            node.shutdown()  # nothing is left, or graphs alone, which a new process begins when one has ended

    def _give_alone(self, node: Any) -> None:
        others = [other for other in self.nodes if other is not node]
        if any(not (other.shutting_down or self._has_graphs(other)) for other in others):
            node.shutdown()  # the last process stays
        elif not self._beginning and not any(self._pending_of(self.assigned_work[other]) for other in others):
            self._hand_out(ALONE, node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Note the end of a test; whoever waits for the others to end looks again."""
        super().mark_test_complete(node, item_index, duration)
        self._look_again()

    def add_node_collection(self, node: Any, collection: Any) -> None:
        """Take what a process has found; one that is new begins to work then."""
        self._beginning.discard(node)
        super().add_node_collection(node, collection)

    def remove_node(self, node: Any) -> str | None:
        """Forget a process that has ended, and begin a new one in its place if it has left work behind."""
        self._beginning.discard(node)
        makes_room = node.shutting_down and self._has_graphs(node)
        crashed: str | None = super().remove_node(node)
        nobody = all(other.shutting_down for other in self.nodes) and not self._beginning
        if makes_room and not crashed and (nobody or set(self.workqueue) - {ALONE}) and self.workqueue:
            node.gateway.exit()  # else the process is kept, with its memory, until all have ended
            self._beginning.add(self.config.pluginmanager.get_plugin("dsession")._clone_node(node))
        self._look_again()
        return crashed

    def _look_again(self) -> None:
        if list(self.workqueue) == [ALONE]:
            for node in self.nodes:
                self._reschedule(node)
