"""Optimisers and learning-rate schedules, as the official training has them."""
