"""Text to semantic tokens: the decoder network, its key-value cache, decode backends, sampling and decode loops."""
