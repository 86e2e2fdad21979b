"""Speech as an answer to a request: one service that every dialect of HTTP uses."""
