"""Changes of the tables, in order; each names the one before it."""
