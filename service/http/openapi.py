"""Words of the OpenAPI document that belong to no single route."""

from __future__ import annotations

DESCRIPTION = """
Voice cloning and text to speech.

Every JSON answer is `{"code": 0, "message": "", "data": ...}`; `code` is 0 for success, 1 for a failure of the
server, 2 for a resource error (missing, exists already, in use), 3 for a parameter error, and the HTTP status agrees
with it. Pages are `{"total", "pageIndex", "pageSize", "data"}`. Times are Unix seconds. Addresses in answers are
absolute. Where API keys are configured, send one as `Authorization: Bearer <key>` or `X-API-Key`.
"""
TAGS = [
    {"name": "voices", "description": "Voices: a reference clip, what is said in it, a picture, categories."},
    {"name": "categories", "description": "Categories that voices are sorted into."},
    {"name": "dictionaries", "description": "How words are pronounced: in all voices, and in one."},
    {"name": "weights", "description": "The networks' weights: what is installed, and which are current."},
    {"name": "resources", "description": "Weights and language data: what is installed, and bringing what is not."},
    {"name": "tasks", "description": "The queue: submit, follow, cancel, remove."},
    {"name": "training", "description": "From recordings to a voice: jobs by session, their progress and curves."},
    {"name": "synthesis", "description": "Speech as the answer to a request."},
    {"name": "api2", "description": "For clients of `api2.py` and the official `api.py`."},
    {"name": "api_v2", "description": "For clients of `api_v2.py`; speech with subtitles."},
    {"name": "OpenAI", "description": "For clients of OpenAI's speech API."},
    {"name": "status", "description": "Health, readiness, figures, the admin page."},
]
