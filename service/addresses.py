"""Addresses and names of hosts."""

from __future__ import annotations

import functools
import ipaddress


@functools.lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether an address or name stands for this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")
