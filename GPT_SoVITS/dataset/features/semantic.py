"""Step 1c: content features to semantic tokens. Agrees with the official ``3-get-semantic.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from GPT_SoVITS.dataset.features.networks import loaded, semantic_tokens
from GPT_SoVITS.dataset.features.options import FeatureOptions, Labelled
from GPT_SoVITS.dataset.features.training_folder import in_parts, read_tensor, write_lines
from GPT_SoVITS.dataset.files import signature
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.dataset.work import Item, Outcome
from GPT_SoVITS.inference.installed import resource_file
from GPT_SoVITS.versions import version_of

NAME = "semantic"
HEAD = "item_name\tsemantic_audio"


def weights_key(options: FeatureOptions) -> list[Any]:
    """Return what tells the weights from others: their name, size and time of change.

    Raises:
        StepError: the version's published ones are not installed.
    """
    path = options.sovits or loaded(lambda: resource_file(version_of(options.version).sovits))
    return [path.name, *(signature(path) if path.is_file() else [])]


class SemanticFeatures:
    """Makes tokens of one recording's features after the other.

    Args:
        options: Of the step.
        number: Of this process.
    """

    def __init__(self, options: FeatureOptions, number: int) -> None:
        self._folder = options.folder
        self._weights = weights_key(options)
        self._tokens = semantic_tokens(options)
        self._journal = Journal(options.folder.root, NAME)

    def __call__(self, item: Item) -> Outcome:
        """Do one line; the item's content is a ``Labelled`` and its ``Entry``."""
        labelled, known = item.content
        name = labelled.line.name
        path = self._folder.hubert(name)
        if not path.is_file():
            raise ProblemError("features_missing", what="HuBERT features")
        key = [signature(path), self._weights]
        if isinstance(known, Entry) and known.key == key:
            return "skipped"
        features = read_tensor(path)
        width = self._tokens.codebook.shape[1]
        if features.ndim != 3 or features.shape[:2] != (1, width) or features.shape[2] < self._tokens.stride:
            raise ProblemError(
                "features_unreadable", reason=f"shape {features.shape}, expected (1, {width}, 2 or more)"
            )
        tokens = self._tokens(np.asarray(features[0], np.float32))
        self._journal.add(name, key, [], True, " ".join(map(str, tokens.tolist())))
        return "done"


def write_semantic(labelled: Sequence[Labelled], options: FeatureOptions) -> None:
    """Write ``6-name2semantic.tsv`` from what is known of every line, in the official order.

    Raises:
        OSError: it cannot be written.
    """
    known, weights = Journal(options.folder.root, NAME).read(), weights_key(options)
    rows = [HEAD]
    for line in (each.line for each in in_parts(labelled, options.parts)):
        entry, path = known.get(line.name), options.folder.hubert(line.name)
        if entry is not None and path.is_file() and entry.key == [signature(path), weights]:
            rows.append(f"{line.name}\t{entry.result}")
    write_lines(options.folder.semantic, rows)
