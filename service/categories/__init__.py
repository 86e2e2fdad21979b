"""Categories that voices are sorted into, and the file that old tools read them from."""
