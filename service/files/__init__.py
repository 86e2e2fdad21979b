"""Files that readers see whole or not at all, and what is kept of speech for whoever waited for it."""
