"""Training folders in the official layout: reading, sampling, batches."""
