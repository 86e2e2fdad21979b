"""The command line that speaks: ``python -m GPT_SoVITS.say "text" --reference clip.wav``."""
