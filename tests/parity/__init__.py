"""Parity with the official networks: golden numbers, regenerated weights, one check per network.

``python -m tests.parity FOLDER`` runs every model folder found in FOLDER and prints the largest errors.
"""
