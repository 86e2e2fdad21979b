"""Engines that compute no speech: for tests, and for trying the service without weights."""
