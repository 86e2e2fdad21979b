"""What an engine promises its callers: interface, messages and errors. Nothing here needs MindSpore."""
