"""The command line: what there is (`list`), bring it (`fetch`), is it whole (`check`).

Exit status: 0 all well, 1 something failed, absent or damaged, 2 a wrong command line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from GPT_SoVITS import _commands
from GPT_SoVITS.resources.errors import FetchError, ResourceError, UnknownResourceError
from GPT_SoVITS.resources.fetch import Fetcher
from GPT_SoVITS.resources.locate import FileCheck, ResourceCheck, State, check, project_root
from GPT_SoVITS.resources.manifest import HUGGING_FACE, MODEL_SCOPE, Manifest, Resource, load_manifest
from GPT_SoVITS.resources.messages import LANGUAGES, default_language, readable_size, say
from GPT_SoVITS.resources.offline import OfflineFolder
from GPT_SoVITS.resources.sources import make_sources

COMMAND = _commands.module("GPT_SoVITS.resources")


def build_parser(manifest: Manifest) -> argparse.ArgumentParser:
    """Return the parser of the three commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, default=default_language(), help="language of the output")
    common.add_argument("--dest", type=Path, default=project_root(), help="project root (default: this checkout)")
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("ids", nargs="*", metavar="id", help="resource ids, as `list` shows them")
    chosen.add_argument(
        "--version", action="append", default=[], choices=manifest.versions, help="what a version needs"
    )
    chosen.add_argument(
        "--language", action="append", default=[], choices=manifest.languages, help="data of a language"
    )
    chosen.add_argument("--training", action="store_true", help="with --version: also what only training needs")
    chosen.add_argument("--all", action="store_true", help="everything")

    parser = argparse.ArgumentParser(prog=COMMAND, description="Weights and language data: list, fetch, check.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", parents=[common], help="show every resource")
    listing.add_argument("--json", action="store_true", help="as JSON")
    fetching = commands.add_parser("fetch", parents=[common, chosen], help="download or copy resources")
    fetching.add_argument("--json", action="store_true", help="say what happens as JSON, an object a line")
    fetching.add_argument("--source", choices=("auto", HUGGING_FACE, MODEL_SCOPE), default="auto")
    fetching.add_argument("--mirror", metavar="URL", help="address of a mirror of the hub, e.g. https://hf-mirror.com")
    fetching.add_argument("--offline-folder", type=Path, metavar="DIR", help="copy from here, use no network")
    checking = commands.add_parser("check", parents=[common, chosen], help="compare what is here with the manifest")
    checking.add_argument("--quick", action="store_true", help="compare sizes only, not checksums")
    return parser


def main(arguments: Sequence[str], manifest: Manifest | None = None) -> int:
    """Run one command and return the exit status."""
    manifest = manifest or load_manifest()
    options = build_parser(manifest).parse_args(arguments)
    try:
        if options.command == "list":
            return _list(manifest, options)
        selected = _selected(manifest, options)
        if options.command == "check":
            return _check(manifest, selected, options)
        return _fetch(selected, options)
    except UnknownResourceError as error:
        print(error.text(options.lang), file=sys.stderr)
        return 2
    except ResourceError as error:
        print(error.text(options.lang), file=sys.stderr)
        return 1


def _selected(manifest: Manifest, options: argparse.Namespace) -> tuple[Resource, ...]:
    if options.all:
        return manifest.resources
    return manifest.select(options.ids, options.version, options.language, options.training)


def _fetch(selected: Sequence[Resource], options: argparse.Namespace) -> int:
    if not selected:
        print(say("nothing_selected", options.lang), file=sys.stderr)
        return 2
    offline = OfflineFolder(options.offline_folder) if options.offline_folder else None
    sources = make_sources(options.source, options.mirror)

    teller = JsonTeller() if options.json else WordTeller(options.lang)
    fetcher = Fetcher(options.dest, sources, teller.tell, offline)
    failed = sum(not _fetch_one(fetcher, resource, teller) for resource in selected)
    if failed and not options.json:
        print(say("failed_count", options.lang, count=failed, total=len(selected)), file=sys.stderr)
    return 1 if failed else 0


def _fetch_one(fetcher: Fetcher, resource: Resource, teller: Teller) -> bool:
    try:
        fetcher.fetch(resource)
    except ResourceError as error:
        teller.failed(resource, error)
        return False
    return True


class Teller(Protocol):
    """Says what happens while resources are fetched."""

    def tell(self, key: str, **params: object) -> None:
        """Say one thing, by its key in `messages`."""

    def failed(self, resource: Resource, error: ResourceError) -> None:
        """Say why a resource could not be had."""


class WordTeller:
    """For people: lines on standard output, reasons on standard error."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._printed: set[str] = set()

    def tell(self, key: str, **params: object) -> None:
        """See `Teller`."""
        print(say(key, self._language, **params), flush=True)

    def failed(self, resource: Resource, error: ResourceError) -> None:
        """See `Teller`; a reason that was printed before (the same silent host) is not printed again."""
        for line in error.text(self._language).splitlines():
            if line not in self._printed:
                print(line, file=sys.stderr)
        self._printed.update(error.text(self._language).splitlines())


class JsonTeller:
    """For programs: an object a line on standard output; `event` is a key of `messages`, or `failed`."""

    def tell(self, key: str, **params: object) -> None:
        """See `Teller`."""
        self._write({"event": key, **{name: str(value) for name, value in params.items()}})

    def failed(self, resource: Resource, error: ResourceError) -> None:
        """See `Teller`; `reasons` has each distinct reason in every language."""
        reasons = error.reasons if isinstance(error, FetchError) else (error,)
        told = {reason.text("en"): {each: reason.text(each) for each in LANGUAGES} for reason in reasons}
        about = {reason.text("en"): (reason.key, reason.params) for reason in reasons}
        listed = [
            {"key": about[text][0], "params": {name: str(value) for name, value in about[text][1].items()}, **words}
            for text, words in told.items()
        ]
        self._write({"event": "failed", "name": resource.id, "reasons": listed})

    def _write(self, found: dict[str, object]) -> None:
        print(json.dumps(found, ensure_ascii=False), flush=True)


def _check(manifest: Manifest, selected: Sequence[Resource], options: argparse.Namespace) -> int:
    """Check what was named; with nothing named check everything, and demand that one version is complete."""
    checks = {
        resource.id: check(resource, options.dest, checksum=not options.quick)
        for resource in selected or manifest.resources
    }
    for found in checks.values():
        _show_check(found, options.lang)
    if selected:
        good = all(found.good for found in checks.values())
        print(say("check_ok" if good else "check_bad", options.lang))
        return 0 if good else 1
    complete = [
        version
        for version in manifest.versions
        if all(checks[resource.id].good for resource in manifest.select(versions=[version]))
    ]
    if complete:
        print(say("check_versions", options.lang, versions=", ".join(complete)))
    else:
        print(say("check_none", options.lang))
    return 0 if complete and not any(found.damaged for found in checks.values()) else 1


def _show_check(found: ResourceCheck, language: str) -> None:
    for file in found.files:
        print(f"{found.resource.id:20} {file.path}: {_state_text(file, language)}")
    if not found.good:
        command = f"{COMMAND} fetch {found.resource.id}"
        print(f"{'':20} {say('mend', language, command=command)}")


def _state_text(file: FileCheck, language: str) -> str:
    return say(f"state_{file.state.value}", language, found=file.found, expected=file.expected)


def _list(manifest: Manifest, options: argparse.Namespace) -> int:
    rows = [(resource, check(resource, options.dest, checksum=False)) for resource in manifest.resources]
    if options.json:
        print(json.dumps([_as_json(resource, found) for resource, found in rows], ensure_ascii=False, indent=2))
    else:
        _table(rows, options.lang)
    return 0


def _table(rows: Sequence[tuple[Resource, ResourceCheck]], language: str) -> None:
    headings = ("head_id", "head_needed", "head_size", "head_state", "head_what")
    table = [[say(heading, language) for heading in headings]]
    for resource, found in rows:
        here = say("yes" if found.good else "no", language)
        needed = _needed_by(resource, language)
        table.append([resource.id, needed, readable_size(resource.size), here, resource.description[language]])
    widths = [max(_cells(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        print("  ".join(text + " " * (width - _cells(text)) for text, width in zip(row, widths, strict=True)).rstrip())


def _needed_by(resource: Resource, language: str) -> str:
    text = ", ".join(resource.versions + resource.languages)
    return f"{text} ({say('training', language)})" if resource.use == "training" else text


def _cells(text: str) -> int:
    """Return the terminal cells a text takes: Chinese characters and full-width punctuation take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _as_json(resource: Resource, found: ResourceCheck) -> dict[str, object]:
    return {
        "id": resource.id,
        "description": dict(resource.description),
        "versions": resource.versions,
        "languages": resource.languages,
        "use": resource.use,
        "licence": resource.licence,
        "size": resource.size,
        "here": found.good,
        "folder": str(found.folder),
        "files": [
            {
                "name": each.file.name,
                "size": each.file.size,
                "sha256": each.file.sha256,
                "path": str(each.path),
                "present": each.state is not State.ABSENT,
            }
            for each in found.files
        ],
    }
