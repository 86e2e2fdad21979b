"""How alembic runs the migrations: on the connection, and in the transaction, of the caller."""

from __future__ import annotations

from alembic import context

from service.database.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds everything
)
context.run_migrations()
