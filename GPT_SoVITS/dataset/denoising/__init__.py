"""Taking noise out of recordings, by models that are installed."""
