"""``python -m service``: API keys of an installation (``keys``), and a new database for a lost one (``rebuild``)."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from GPT_SoVITS import _commands
from service.errors import ServiceError
from service.keys.store import KeyStore, ask_to_rebuild
from service.opening import open_database
from service.settings import SettingsError, load_settings, report


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    options = argparse.ArgumentParser(prog=_commands.module("service"), description="Manage the voice service.")
    options.add_argument("--config", help="configuration file of the service")
    options.add_argument("--root", help="folder of the service's data")
    commands = options.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys", help="API keys; from the first one on, every request needs one")
    actions = keys.add_subparsers(dest="action", required=True)
    for action, words in (("add", "make a key and print it, for the only time"), ("revoke", "make a key invalid")):
        actions.add_parser(action, help=words).add_argument("name", help="who or what uses the key")
    actions.add_parser("list", help="list names; the keys themselves are kept nowhere")
    actions.add_parser("forget", help="forget all keys: nobody needs one afterwards")
    commands.add_parser("rebuild", help="make a new database; the next start takes over what the files tell")
    return options


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _keys(store: KeyStore, action: str, name: str | None) -> None:
    if action == "add" and name is not None:
        print(store.create(name))
        print("Keep it: it is shown only now. The service takes it within two seconds.", file=sys.stderr)
    elif action == "revoke" and name is not None:
        store.revoke(name)
        print(f"revoked {name}; the service refuses it within two seconds", file=sys.stderr)
    elif action == "forget":
        print(f"forgot {store.forget()} keys; within two seconds the service needs none", file=sys.stderr)
    else:
        for key in store.all():
            state = f"revoked {_date(key.revoked_at)}" if key.revoked_at else "valid"
            print(f"{key.name}\t{key.hint}...\tmade {_date(key.created_at)}\t{state}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    given = parser().parse_args(arguments)
    try:
        settings = load_settings(config=given.config, root=given.root)
        database = open_database(settings, rebuild=given.command == "rebuild")
        try:
            if given.command == "rebuild":
                ask_to_rebuild(database)
                print("The next start takes over the tasks that the folders tell of.", file=sys.stderr)
                print("Make API keys again, and edit the voices: their names and texts were in it.", file=sys.stderr)
                return 0
            _keys(KeyStore(database), given.action, getattr(given, "name", None))
        finally:
            database.close()
    except SettingsError as error:
        return report(error)
    except ServiceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
