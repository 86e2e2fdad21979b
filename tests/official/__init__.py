"""Comparisons with the official program itself, where it is present: a checkout, and an interpreter that runs it."""
