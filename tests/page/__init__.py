"""The admin page in Chromium, on the real service."""
