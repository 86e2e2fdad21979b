"""Machines that share no folder."""
