"""Specifications of GPT_SoVITS.separation."""
