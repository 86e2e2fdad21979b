"""API keys: made, listed and revoked on the command line, kept as hashes."""
