"""Installing as a part of the service."""

from __future__ import annotations

from anyio import to_thread

from service.bus import ChangeBus
from service.container import Container, Domain
from service.presence import Presence
from service.resources.installer import Installer


class ResourcesDomain(Domain):
    """Ends a download with the service; it can go on afterwards."""

    def __init__(self, installer: Installer) -> None:
        self._installer = installer

    async def stop(self) -> None:
        """Pause what runs."""
        await to_thread.run_sync(self._installer.close)


def build(container: Container) -> Domain:
    """Offer the installer, whose progress goes to the pages."""
    bus = container.get(ChangeBus)
    installer = Installer(
        container.settings.root,
        container.get(Presence),
        lambda facts: bus.publish("resources", "download", facts),
    )
    container.add(Installer, installer)
    return ResourcesDomain(installer)
