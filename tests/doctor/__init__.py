"""Specifications of the doctor."""
