"""The durable queue: what is accepted is spoken or ends in an error that says why; nothing accepted is lost."""
