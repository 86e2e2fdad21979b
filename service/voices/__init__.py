"""Voices: a reference clip with what is said in it, a picture, categories, and perhaps weights of its own."""
