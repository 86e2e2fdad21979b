"""Specifications of the scheduler: turns, streams, loads and weights, on scripted doubles."""
