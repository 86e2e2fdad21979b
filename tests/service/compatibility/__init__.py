"""Clients of the older programs and of OpenAI's API, pointed at this service."""
