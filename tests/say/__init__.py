"""Specifications of the command line that speaks."""
