"""Routes of categories."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathField
from pydantic import BaseModel, Field

from service.categories.store import Category, CategoryStore
from service.http.dependencies import provided
from service.http.envelope import Envelope, Removed, failures, success
from service.http.json_routes import JsonRoute

router = APIRouter(prefix="/voice-categories", tags=["categories"], route_class=JsonRoute)
Store = Annotated[CategoryStore, Depends(provided(CategoryStore))]
CategoryId = Annotated[str, PathField(description="Id of the category.", examples=["audiobooks"])]


class CategoryRecord(BaseModel):
    """A category."""

    category_id: str = Field(description="Its id.", examples=["audiobooks"])
    category_name: str = Field(description="What people call it.", examples=["有声书"])
    description: str = Field(description="Any text.", examples=["Calm voices for long texts"])
    created_at: int = Field(description="When it was made, Unix seconds.", examples=[1730000000])


class NewCategory(BaseModel):
    """A category to be made."""

    category_id: str | None = Field(
        default=None,
        description="1 to 64 of the characters A-Z a-z 0-9 _ -; made up when absent.",
        examples=["audiobooks"],
    )
    category_name: str = Field(description="1 to 100 characters; no other category may have it.", examples=["有声书"])
    description: str = Field(default="", description="Up to 2000 characters.", examples=["Calm voices"])


class CategoryChange(BaseModel):
    """What to change; an absent field stays as it is."""

    category_name: str | None = Field(default=None, description="The new name.", examples=["小说"])
    description: str | None = Field(default=None, description="The new description.", examples=["Novels"])


def _record(category: Category) -> CategoryRecord:
    return CategoryRecord(**vars(category))


@router.get("", summary="List categories", responses=failures())
def list_categories(store: Store) -> Envelope[list[CategoryRecord]]:
    """Return all categories, oldest first."""
    return success([_record(category) for category in store.all()])


@router.post("", summary="Make a category", responses=failures(400, 409))
def create_category(new: NewCategory, store: Store) -> Envelope[CategoryRecord]:
    """Make a category and return it."""
    return success(_record(store.create(new.category_name, new.category_id or None, new.description)))


@router.patch("/{category_id}", summary="Change a category", responses=failures(400, 404, 409))
def change_category(category_id: CategoryId, change: CategoryChange, store: Store) -> Envelope[CategoryRecord]:
    """Change name or description and return the category."""
    return success(_record(store.change(category_id, change.category_name, change.description)))


@router.delete("/{category_id}", summary="Remove a category", responses=failures(404))
def remove_category(category_id: CategoryId, store: Store) -> Envelope[Removed]:
    """Remove a category, also from every voice."""
    store.remove(category_id)
    return success(Removed())
