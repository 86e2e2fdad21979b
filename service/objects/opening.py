"""Which way files are carried, by the service's settings."""

from __future__ import annotations

from service.files.carrier import FileCarrier
from service.settings import MEBIBYTE, Settings


def open_carrier(settings: Settings) -> FileCarrier:
    """Return what carries files between the processes of an installation.

    Raises:
        ImportError: the extra for it is not installed; the message names it.
    """
    if settings.files_url is None:
        return FileCarrier()
    from service.objects.carrier import StoreCarrier

    return StoreCarrier(settings.files_url, settings.root, settings.files_space_mb * MEBIBYTE)
