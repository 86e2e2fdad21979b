"""Datasets: recordings that a voice is trained on, and the lists of what is said in them."""
