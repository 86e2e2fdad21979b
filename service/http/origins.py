"""Which page sent a request: our own, one that the settings allow, a program's, or another site's.

A browser lets another site's page send some requests without asking us: forms by POST, and any GET (an image, a
script, a link). It asks first (CORS preflight) before it sends JSON, another method, or a header of the page's own
choice, and we allow that to configured origins only. So those prove that the sender may send. The rest is judged by
``Sec-Fetch-Site``, which browsers send to https and to this machine, else by Origin or Referer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_HEADER = "x-requested-with"
"""Our page sends it with every request, also where a proxy hides the host that the browser sees."""
_PROOFS = (PAGE_HEADER, "x-api-key", "authorization")
_FOREIGN = ("cross-site", "same-site")


def origin_of(address: str) -> str | None:
    """Return scheme, host and port of an address in lower case; None where it has no host or cannot be read."""
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that hold no address
        return None
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else None


def may_send(method: str, headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a request that is not safe may come from where it comes from.

    Args:
        method: Of the request.
        headers: Its headers, names in lower case.
        allowed: Origins that the settings allow.
    """
    asked_before = method != "POST" or _is_json(headers.get("content-type", ""))
    if (asked_before or any(name in headers for name in _PROOFS)) and headers.get("sec-fetch-site") not in _FOREIGN:
        return True
    return not _foreign(headers, allowed)


def may_ask(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a GET request that makes the service work, but changes nothing, may come from where it comes from."""
    return not _foreign(headers, allowed)


def may_change_by_get(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a GET request that changes something may: a browser that does not say who sends it may not.

    Another page can make a browser leave out Origin and Referer, and over plain http it leaves out Sec-Fetch-Site.
    Programs do not call themselves Mozilla.
    """
    if _foreign(headers, allowed):
        return False
    told = any(name in headers for name in _PROOFS) or any(
        headers.get(name) for name in ("sec-fetch-site", "origin", "referer")
    )
    return told or not headers.get("user-agent", "").startswith("Mozilla/")


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _foreign(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a page of another site, which the settings do not allow, made a browser send this."""
    sender = headers.get("origin") or headers.get("referer") or ""
    origin = origin_of(sender)
    if origin is not None and origin in allowed:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _FOREIGN
    if not sender:
        return False
    return origin is None or origin.partition("://")[2] != headers.get("host", "").lower()
