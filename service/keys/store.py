"""Making, checking and revoking API keys."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import select

from service.database import Database
from service.database.rebuilding import REBUILD
from service.errors import ConflictError, MissingError, ParameterError
from service.keys.models import ApiKeyRow, SecretRow

PREFIX = "gsv_"
_NAME = re.compile(r"[\w .@-]{1,100}")


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; the key itself was shown once and is kept nowhere.

    Attributes:
        name: Who or what uses it.
        hint: Its first characters.
        created_at: Unix seconds.
        revoked_at: Unix seconds, None while it is valid.
    """

    name: str
    hint: str
    created_at: float
    revoked_at: float | None


def digest_of(key: str) -> str:
    """Return what is kept of a key. A key has 256 random bits: a slow hash would protect nothing more."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class KeyStore:
    """Rows of API keys and secrets. Every method is one transaction and blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str) -> str:
        """Make a key and return it, for the only time.

        Raises:
            ParameterError: the name is empty or has odd characters.
            ConflictError: a valid key of that name exists.
        """
        if not _NAME.fullmatch(name) or name != name.strip():
            raise ParameterError("key_name_form")
        key = PREFIX + secrets.token_urlsafe(32)
        with self._database.writing() as session:
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.name == name))
            if row is not None and row.revoked_at is None:
                raise ConflictError("key_exists", name=name)
            if row is not None:
                session.delete(row)
                session.flush()
            hint = key[: len(PREFIX) + 4]
            session.add(ApiKeyRow(name=name, digest=digest_of(key), hint=hint, created_at=time.time()))
        return key

    def revoke(self, name: str) -> None:
        """Make a key invalid.

        Raises:
            MissingError: there is no valid key of that name.
        """
        with self._database.writing() as session:
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None)))
            if row is None:
                raise MissingError("key_missing", name=name)
            row.revoked_at = time.time()

    def all(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        with self._database.reading() as session:
            rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id))
            return [ApiKey(row.name, row.hint, row.created_at, row.revoked_at) for row in rows]

    def forget(self) -> int:
        """Forget all keys, so that nobody needs one any more; return how many there were."""
        with self._database.writing() as session:
            rows = session.scalars(select(ApiKeyRow)).all()
            for row in rows:
                session.delete(row)
            return len(rows)

    def valid(self) -> dict[str, str] | None:
        """Return digest -> name of all valid keys; None where no key was made, so that none is needed."""
        with self._database.reading() as session:
            rows = session.scalars(select(ApiKeyRow)).all()
            return {row.digest: row.name for row in rows if row.revoked_at is None} if rows else None

    def secret(self, name: str) -> bytes:
        """Return a secret of this installation, made when it is first asked for."""
        with self._database.writing_by_turns() as session:
            row = session.get(SecretRow, name)
            if row is None:
                row = SecretRow(name=name, value=secrets.token_hex(32))
                session.add(row)
            return bytes.fromhex(row.value)


def ask_to_rebuild(database: Database) -> None:
    """Let the next start take over what the folders tell."""
    with database.writing() as session:
        session.merge(SecretRow(name=REBUILD, value="asked"))
