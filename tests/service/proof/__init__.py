"""Proofs: long forms print figures (``python -m tests.service.proof NAME``), short forms run with the tests."""
