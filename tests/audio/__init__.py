"""Specifications of audio files: reading, judging, writing, subtitles."""
