"""Text to phonemes: one front end per language, symbols, normalisation, segmentation, cutting."""
