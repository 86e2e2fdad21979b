"""Installing weights and language data from the page: what there is, and one download at a time."""
