"""g2pW: a network that reads polyphonic characters in their context, from a folder that the user supplies."""
