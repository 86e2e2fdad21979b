"""The HTTP service: app factory, settings, database, and one folder per domain. It never computes speech itself."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gpt-sovits-mindspore")
except PackageNotFoundError:  # run from a copy that was not installed
    __version__ = "0"
