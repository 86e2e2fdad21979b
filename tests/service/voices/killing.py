"""Makes, changes and removes voices in processes that end without warning at every step that touches the disk.

``python -m tests.service.voices.killing FOLDER [postgresql [N]]`` prints one JSON object: how many kills there were,
and every state that a start afterwards did not put right. Each kill is a fork that leaves by ``os._exit`` at its n-th
such step; with N above 1 at every N-th alone.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from service.database import Database
from service.voices.folders import VoiceFolders
from service.voices.preparing import Limits
from service.voices.records import Files, Upload
from service.voices.store import VoiceStore
from tests.service.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.service.postgresql import postgres_server
from tests.service.samples import clip, picture

_STEPS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree"})
_FIELDS = {"model_name": "A", "gender": 1, "prompt_text": "", "prompt_language": "all_zh"}


def store_in(root: Path, databases: Databases) -> VoiceStore:
    """Open the store of a folder."""
    database = Database(databases.url(root))
    (root / "audio").mkdir(parents=True, exist_ok=True)
    return VoiceStore(database, VoiceFolders(root / "audio"), Limits(1 << 24, 1 << 24), lambda path, field: path)


def files(seed: int) -> Files:
    """Return uploads."""
    return Files(
        avatar=Upload("avatar", io.BytesIO(picture(size=(32, 32)))),
        reference=Upload("refer_wav", io.BytesIO(clip(3.0, seed=seed))),
        auxiliary=(Upload("aux", io.BytesIO(clip(1.0, seed=seed))),),
    )


def make(store: VoiceStore) -> None:
    """One of the ways to change something."""
    store.create("v", _FIELDS, files(1))


def change(store: VoiceStore) -> None:
    """Another."""
    store.change("v", {"model_name": "B"}, files(2))


def remove(store: VoiceStore) -> None:
    """And another."""
    store.remove("v")


def killed_at(step: int, root: Path, databases: Databases, action: Callable[[VoiceStore], None]) -> bool:
    """Do something in a process that ends at a step; False when it got to the end before."""
    process = os.fork()
    if process == 0:
        store, left = store_in(root, databases), [step]

        def count(event: str, arguments: tuple[object, ...]) -> None:
            if event in _STEPS and str(root) in str(arguments[0] if arguments else ""):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        sys.addaudithook(count)
        try:
            action(store)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9


def wrong_after_start(root: Path, databases: Databases) -> list[str]:
    """Start as the service does, and return what does not agree."""
    store = store_in(root, databases)
    store.sweep()
    voices, _ = store.page(0, 100)
    found = []
    for voice in voices:
        named = {voice.avatar, voice.reference, voice.original, *voice.auxiliary} - {None}
        there = {path.name for path in store.folders.of(voice.model_id).iterdir()}
        if named - there:
            found.append(f"missing {sorted(str(name) for name in named - there)}")
        if there - named - {"refer.wav"}:
            found.append(f"orphans {sorted(there - {str(name) for name in named})}")
        plain = store.folders.of(voice.model_id) / "refer.wav"
        if plain.read_bytes() != (store.folders.of(voice.model_id) / str(voice.reference)).read_bytes():
            found.append("the plain name is another clip")
    folders = {path.name for path in store.folders.audio.iterdir() if not path.name.startswith(".")}
    if folders != {voice.model_id for voice in voices}:
        found.append(f"folders {sorted(folders)} of voices {[voice.model_id for voice in voices]}")
    hidden = [str(path) for name in (".staging", ".trash") for path in (store.folders.audio / name).glob("*")]
    store._database.close()
    return found + hidden


def main(scratch: Path, databases: Databases, every: int = 1) -> None:
    """Kill at every step of every action, or at every n-th."""
    empty, full = scratch / "empty", scratch / "full"
    for root in (empty, full):
        store_in(root, databases)._database.close()
    store = store_in(full, databases)
    make(store)
    store._database.close()
    kills, wrong = 0, []
    for name, action, before in (("make", make, empty), ("change", change, full), ("remove", remove, full)):
        for step in range(0, 200, every):
            root = scratch / "now"
            shutil.copytree(before, root)
            databases.copy(before, root)
            killed = killed_at(step, root, databases, action)
            kills += killed
            wrong += [f"{name}, step {step}: {each}" for each in wrong_after_start(root, databases)]
            databases.drop(root)
            shutil.rmtree(root)
            if not killed:
                break
    print(json.dumps({"kills": kills, "wrong": wrong}))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if sys.argv[2:3] == ["postgresql"]:
        with postgres_server() as server:
            main(folder, PostgresDatabases(server), *map(int, sys.argv[3:]))
    else:
        main(folder, SqliteDatabases(folder / "template.db"))
