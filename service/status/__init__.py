"""Whether the service lives and could speak, its figures, and the admin page."""
