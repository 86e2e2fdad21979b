"""Whose turn it is: users take turns, so that a thousand jobs of one do not starve the one job of another."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A waiting job, ordered as among the jobs of one user.

    Attributes:
        priority: Smaller goes first.
        key: Jobs were accepted in this order.
        job_id: Its name.
        user_id: Whose it is.
        size: How much of it is left, in a unit of its kind's own.
    """

    priority: int
    key: int
    job_id: str
    user_id: str
    size: int = 0


def fair_order(waiting: Iterable[Place], turns: Mapping[str, int]) -> list[Place]:
    """Return waiting jobs in the order in which they will be claimed if nothing is added.

    The user whose last turn is longest ago is next (one who never had a turn first, the longest waiting among those);
    within a user the smallest priority, then the oldest.

    Args:
        waiting: Any order.
        turns: When each user had the last turn, as a growing number; users that are missing never had one.
    """
    by_user: dict[str, list[Place]] = defaultdict(list)
    for place in waiting:
        by_user[place.user_id].append(place)
    for places in by_user.values():
        places.sort(reverse=True)
    next_turn = max(turns.values(), default=0) + 1
    heads = [(turns.get(user, 0), min(place.key for place in places), user) for user, places in by_user.items()]
    heapq.heapify(heads)
    order: list[Place] = []
    while heads:
        _, _, user = heapq.heappop(heads)
        order.append(by_user[user].pop())
        if by_user[user]:
            heapq.heappush(heads, (next_turn, 0, user))
            next_turn += 1
    return order
