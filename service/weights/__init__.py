"""Weights: what is installed, which are current, and changing them while the service runs."""
