"""Other engines for the same weights, each run by the interpreter of its own environment (see ``bench/compare.py``)."""
