"""``python -m GPT_SoVITS.doctor``: can this machine speak, how fast, and if not, the command that mends it."""
