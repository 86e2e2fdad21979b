"""Signs that are heard as pauses, in every language."""

PAUSES = [",", ".", "?", "!", "-", "…"]
