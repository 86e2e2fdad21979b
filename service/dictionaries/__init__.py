"""How words are pronounced: the dictionary of the installation, and one of each voice."""
