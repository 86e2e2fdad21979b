"""The dialects of other programs: ``api2.py``, ``api_v2.py`` with subtitles, and OpenAI's speech API."""
