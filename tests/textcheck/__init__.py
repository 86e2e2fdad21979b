"""Runs golden rows of the official text front end through ours: ``python -m tests.textcheck FOLDER``."""
