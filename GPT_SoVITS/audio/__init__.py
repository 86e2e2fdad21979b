"""Sound files: reading what clients send, judging a reference clip, writing and streaming results, subtitles."""
