"""Routes of datasets, and of lists that are named by their path."""

from __future__ import annotations

from fastapi import APIRouter

from service.datasets import dataset_routes, list_routes

router = APIRouter()
for part in (dataset_routes, list_routes):
    router.include_router(part.router)
