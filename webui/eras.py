"""Positional calls of two eras: the older order, and the newer one that begins with the model version.

Clients fill what a call leaves out with the defaults that ``/info`` announces for each position. Ours are in the
older order, with the newer parameters at the end. A newer call is told by a version's name in the first position;
its values then have to be moved, and what stands at the end as announced was not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webui.versions import VERSIONS

MARKER = ""
"""Announced default of ``version``: the one that was last switched to."""


@dataclass(frozen=True)
class Signature:
    """Parameters of an endpoint of both eras.

    Attributes:
        names: In the order that is served: the older one, then what the newer one added.
        newer: In the newer order; ``version`` comes first.
    """

    names: Sequence[str]
    newer: Sequence[str]

    def settle(self, values: Sequence[Any], announced: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by name, whichever era's order they came in.

        Args:
            values: As received, in the served order.
            announced: Default of each parameter; one without a default is required and missing here.
        """
        found = dict(zip(self.names, values, strict=True))
        first = values[0]
        if not (isinstance(first, str) and first in VERSIONS):
            return found
        given = list(values)
        while given and self.names[len(given) - 1] in announced and given[-1] == announced[self.names[len(given) - 1]]:
            given.pop()
        blank = {name: announced.get(name, "") for name in self.names}
        return blank | dict(zip(self.newer, given, strict=False))
