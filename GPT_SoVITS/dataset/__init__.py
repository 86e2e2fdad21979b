"""Recordings to a training folder: slicing, denoising, recognition, lists, features. Each step is a command."""
