"""Routes of trainings: starting each kind, and following, pausing, cancelling them by session."""
