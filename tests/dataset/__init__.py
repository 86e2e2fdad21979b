"""Recordings to a training folder."""
