"""Speech as a kind of job."""
