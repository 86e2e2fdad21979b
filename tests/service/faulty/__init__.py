"""Every write of the service fails, one after the other, as the operating system would tell it."""
