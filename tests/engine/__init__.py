"""What tests of the engine share: a small installation and a listener that remembers."""
