"""One module per network: which folders it understands and how their arrays are compared."""
