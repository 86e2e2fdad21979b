"""Speech as a kind of job: a text that is spoken segment by segment, kept, and stitched to one WAV file."""
