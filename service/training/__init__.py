"""Training a voice as kinds of jobs: recordings are prepared, networks trained, each step in a process of its own."""
