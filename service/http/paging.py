"""Pages of lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

T = TypeVar("T")
MAX_PAGE = 1_000_000_000
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 10


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    total: int = Field(description="Entries on all pages.", examples=[42])
    pageIndex: int = Field(description="Number of this page, from 1.", examples=[1])  # noqa: N815  (the contract's name)
    pageSize: int = Field(description="Entries on a full page.", examples=[20])  # noqa: N815
    data: list[T] = Field(description="The entries of this page.")


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted."""

    page: int
    page_size: int

    @property
    def offset(self) -> int:
        """Entries before it."""
        return (self.page - 1) * self.page_size

    def of(self, entries: Sequence[T], total: int) -> Page[T]:
        """Return the page."""
        return Page(total=total, pageIndex=self.page, pageSize=self.page_size, data=list(entries))


def clamped(page: int, page_size: int) -> PageRequest:
    """Return the nearest page that there can be."""
    return PageRequest(min(max(page, 1), MAX_PAGE), min(max(page_size, 1), MAX_PAGE_SIZE))


async def _requested(
    page: Annotated[int, Query(description="Number of the page, from 1; what is outside is clamped.")] = 1,
    page_size: Annotated[
        int, Query(description=f"Entries on a page, 1 to {MAX_PAGE_SIZE}; what is outside is clamped.")
    ] = DEFAULT_PAGE_SIZE,
) -> PageRequest:
    return clamped(page, page_size)


Paging = Annotated[PageRequest, Depends(_requested)]
"""``page`` and ``page_size`` of a request."""
