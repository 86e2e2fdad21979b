"""Text to semantic tokens: the autoregressive decoder, its key-value cache and sampling."""
