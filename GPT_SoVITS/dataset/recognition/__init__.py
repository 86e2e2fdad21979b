"""What is said in a recording, by models that are installed."""
