"""Bandwidth extension: 24 kHz speech of v3 to 48 kHz by AP-BWE."""
