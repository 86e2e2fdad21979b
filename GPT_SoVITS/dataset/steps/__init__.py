"""The steps, one module each: whatever ``STEPS`` of a module holds becomes a command."""
