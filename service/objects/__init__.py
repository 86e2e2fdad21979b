"""An object store: copies of large served files for clients, and files carried between machines."""

from service.objects.store import ObjectStore

__all__ = ["ObjectStore"]
