"""Measurements: speed and memory beside other programs, always both in one run. Nothing here is a test."""
