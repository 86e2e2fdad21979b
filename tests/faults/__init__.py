"""Twenty and more faults that we make on purpose, to see which test notices: ``python -m tests.faults``."""
