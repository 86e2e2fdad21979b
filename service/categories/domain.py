"""Categories as a part of the service."""

from __future__ import annotations

from service.bus import ChangeBus
from service.categories.file import CategoryFile
from service.categories.store import CategoryStore
from service.container import Container, Domain


def build(container: Container) -> Domain:
    """Import the file of an existing installation and offer the store."""
    root = container.folders.root
    file = CategoryFile(root / "voice_categories.json", container.folders.audio / ".categories.lock")
    file.open(container.database)
    bus = container.get(ChangeBus)
    store = container.add(CategoryStore, CategoryStore(container.database, file))
    store.announce = lambda category_id: bus.publish("category", category_id)
    return Domain()
