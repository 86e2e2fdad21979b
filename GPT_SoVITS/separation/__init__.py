"""Vocals apart from music, and voices without echo: the networks of the official ``uvr5`` tool."""
