"""Copies of large served files in an object store, to which clients are sent by signed addresses."""

from service.objects.store import ObjectStore

__all__ = ["ObjectStore"]
