"""Specifications of the engine process: what it says, how it is supervised, what its death costs."""
