"""Training at sizes that compile in seconds."""
