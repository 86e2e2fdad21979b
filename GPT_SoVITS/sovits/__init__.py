"""Semantic tokens to waveform: encoders, flow, generator, quantiser, reference encoder."""
