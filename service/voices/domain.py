"""Voices as a part of the service."""

from __future__ import annotations

from pathlib import Path

from service.bus import ChangeBus
from service.categories.store import CategoryStore
from service.container import Container, Domain
from service.files.carrier import FileCarrier
from service.starter import is_of_starter, is_starter
from service.voices.folders import VoiceFolders
from service.voices.legacy import import_once
from service.voices.preparing import Limits
from service.voices.service import Voices
from service.voices.starter import install_once, remove_unused_category
from service.voices.store import VoiceStore
from service.weights.choice import relative
from service.weights.examination import Examiner
from service.weights.named import named_weights
from service.weights.starter import first_weights


def build(container: Container) -> Domain:
    """Put folders and rows right, take over an existing installation, and offer the store."""
    settings, database = container.settings, container.database

    def weights_path(path: str, field: str) -> str:
        """Return a weight file of a client as it is stored; the program's own need no look."""
        kind = field.removesuffix("_path")
        own = is_of_starter(path, kind)
        return relative(
            Path(path) if own else named_weights(settings, container.get(Examiner), path, kind), settings.root
        )

    folders = VoiceFolders(container.folders.audio, container.get(FileCarrier))
    store = VoiceStore(database, folders, Limits(settings.upload_limit, settings.avatar_limit), weights_path)
    store.sweep()
    import_once(database, folders, settings.root)
    categories = container.get(CategoryStore)
    if is_starter(first_weights(settings)):
        install_once(database, store, categories)
    else:
        remove_unused_category(database, store, categories)
    bus = container.get(ChangeBus)
    store.announce = lambda model_id: bus.publish("voice", model_id)
    container.add(VoiceStore, store)
    container.add(Voices, Voices(store, categories, settings.archive_limit))
    return Domain()
