"""Errors of the feature extractors."""

from __future__ import annotations


class FeatureError(ValueError):
    """An input or a configuration that a feature extractor cannot work with; the message says what to change."""
