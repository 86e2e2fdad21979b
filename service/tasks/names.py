"""Names of tasks in addresses and in the names of downloads."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator

from service.http.segments import with_slashes
from service.identifiers import disk_name
from service.synthesis.fields import Identifier as Name

Identifier = Annotated[Name, BeforeValidator(with_slashes)]
"""A task in an address."""


def download(task_id: str, suffix: str) -> dict[str, str]:
    """Return the header by which a browser names what it saves, whatever characters a task's name has."""
    plain, named = f"{disk_name(task_id)}{suffix}", quote(f"{task_id}{suffix}", safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named}"}
