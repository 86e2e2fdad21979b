"""Features of recordings and their texts, as the training reads them: the official steps 1a, 1b and 1c."""
