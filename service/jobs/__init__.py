"""The queue: jobs of any kind, their leases, events and workers. It knows no kind and imports none."""
