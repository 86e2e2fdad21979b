"""Engines on other machines, by the broker: a replica without an engine speaks with those of the workers."""
