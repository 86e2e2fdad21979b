"""Headers that tell browsers what our answers may do."""

from __future__ import annotations

from collections.abc import Iterable

# Scripts and styles come from our files alone; blobs are recordings and players of the page.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
}
_PAGES = ("/index", "/docs")


def is_page(path: str) -> bool:
    """Whether a path belongs to the admin page or the browsable document, which run scripts."""
    return path in _PAGES or path.startswith("/web/")


def _encoded(headers: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in headers.items())


_OF_PAGES = _encoded({**_EVERYWHERE, "content-security-policy": PAGE_POLICY})
_OF_DATA = _encoded({**_EVERYWHERE, "content-security-policy": DATA_POLICY, "cache-control": "no-store"})


def security_headers(path: str, present: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers to add to an answer, without those it has."""
    have = {name.lower() for name in present}
    return [header for header in (_OF_PAGES if is_page(path) else _OF_DATA) if header[0] not in have]
