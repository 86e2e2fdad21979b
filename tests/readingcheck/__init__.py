"""Runs cases of what should be spoken: ``python -m tests.readingcheck FOLDER``."""
