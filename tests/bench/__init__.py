"""Specifications of the benchmarks: what they write and how they count."""
