"""Experiments: what trainings have made, heard beside each other, and made voices of."""
