"""Training of the text-to-semantic decoder (S1, the GPT)."""
