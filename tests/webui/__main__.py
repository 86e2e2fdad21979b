"""``python -m tests.webui``: make all recorded calls again and print how they are answered, as docs/WEBUI.md does."""

from __future__ import annotations

from tests.webui.replay import groups
from tests.webui.sites import site
from tests.webui.verdicts import counted, written


def main() -> None:
    """Print the table."""
    table = {}
    for group in groups():
        with site(group.spoken, group.machine) as found:
            table[group.name] = counted(found.client(), found.fake, group)
    print(written(table))


if __name__ == "__main__":
    main()
