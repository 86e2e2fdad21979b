"""Training of the synthesizer and its discriminators (S2, SoVITS)."""
