"""One store, one folder: what is published is fetched as it was, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.bus import ChangeBus
from service.database import Database
from service.errors import FileLostError, StorageAwayError
from service.jobs.errors import LeaseLostError
from service.jobs.kinds import Kinds
from service.jobs.manager import JobManager
from service.jobs.records import Change
from service.objects import carrier as carrying
from service.objects.carrier import StoreCarrier
from service.speech.carried import CarriedSpeechFiles
from service.speech.files import TaskFiles
from service.speech.kind import SpeechKind
from service.speech.records import Plan, Spoken
from service.speech.segments import SegmentStore
from tests.service.databases import Databases
from tests.service.s3 import BUCKET, Store
from tests.service.tasks.bench import Bench, Clock, FolderRequests

Carrier = Callable[[str], StoreCarrier]


@pytest.fixture
def carrier(tmp_path: Path, store: Store) -> Carrier:
    """What carries files of a machine, by its name."""

    def made(name: str) -> StoreCarrier:
        (tmp_path / name / "done").mkdir(parents=True)
        return StoreCarrier("s3://voice/files", tmp_path / name, 1 << 30)

    return made


@pytest.mark.parametrize("content", [b"", b"short", bytes(range(256)) * 10], ids=len)
def test_a_file_of_any_size_comes_as_it_was(
    carrier: Carrier, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "_PIECE", 100)
    a, c = carrier("a"), carrier("c")
    (tmp_path / "a/done/t.wav").write_bytes(content)
    mark = a.publish(tmp_path / "a/done/t.wav")
    there = tmp_path / "c/done/t.wav"
    there.write_bytes(b"of an older task")
    assert c.fetch(there, mark).read_bytes() == content
    there.write_bytes(b"changed by somebody")
    assert c.fetch(there, mark).read_bytes() == content
    assert c.mark_of(there) == mark and c.is_spare(there)


@pytest.mark.full
def test_a_long_file_goes_in_parts(carrier: Carrier, tmp_path: Path, store: Store) -> None:
    """An hour of speech."""
    a, c = carrier("a"), carrier("c")
    samples = np.random.default_rng(0).integers(-9999, 9999, 3600 * 32000, np.int16)
    (tmp_path / "a/done/t.wav").write_bytes(samples.tobytes())
    mark = a.publish(tmp_path / "a/done/t.wav")
    (key,) = store.kept()
    parts = store.client.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"').partition("-")[2]
    assert int(parts) > 1
    assert c.fetch(tmp_path / "c/done/t.wav", mark).read_bytes() == samples.tobytes()


def test_what_is_not_what_was_put_there_does_not_appear(carrier: Carrier, tmp_path: Path, store: Store) -> None:
    a, c = carrier("a"), carrier("c")
    path, there = tmp_path / "a/done/t.wav", tmp_path / "c/done/t.wav"
    path.write_bytes(b"RIFF and more")
    for spoil in (b"RIFF and mor", b"RIFF and more and more", b"RIFF and mOre", None):
        mark = a.publish(path)
        (key,) = store.kept()
        if spoil is None:
            store.client.delete_object(Bucket=BUCKET, Key=key)
        else:
            store.client.put_object(Bucket=BUCKET, Key=key, Body=spoil)
        with pytest.raises(FileLostError):
            c.fetch(there, mark)
        assert not list((tmp_path / "c/done").iterdir())
        a.withdraw(path, mark)
        path.write_bytes(b"RIFF and more")
    for mark in ("../../../etc/passwd", "5-" + "0" * 64 + "-0000000g", ""):
        with pytest.raises(FileLostError):
            c.fetch(there, mark)


def test_a_bucket_that_is_gone_is_a_store_that_is_away(carrier: Carrier, tmp_path: Path, store: Store) -> None:
    a = carrier("a")
    path = tmp_path / "a/done/t.wav"
    path.write_bytes(b"x")
    mark = a.publish(path)
    path.unlink()
    store.client.delete_object(Bucket=BUCKET, Key=store.kept()[0])
    store.client.delete_bucket(Bucket=BUCKET)
    try:
        with pytest.raises(StorageAwayError):
            a.fetch(path, mark)
    finally:
        store.client.create_bucket(Bucket=BUCKET)


def _bench(root: Path, database: Database) -> Bench:
    folders = TaskFiles(root, StoreCarrier("s3://voice/files", root, 1 << 30))
    files, clock, engine = CarriedSpeechFiles(folders, database.reading), Clock(), FakeEngine()
    kind = SpeechKind(
        engine=engine,
        folders=folders,
        requests=FolderRequests(root),
        reading=database.reading,
        bus=ChangeBus(),
        files=files,
    )
    changes: list[Change] = []
    jobs = JobManager(database, Kinds(kind), changes.append, clock)
    return Bench(root, jobs, kind, SegmentStore(jobs, database.reading, files), clock, changes, engine)


def test_a_worker_that_lost_its_task_leaves_nothing(tmp_path: Path, databases: Databases, store: Store) -> None:
    database = Database(databases.url(tmp_path))
    bench = _bench(tmp_path, database)
    spoken = [Spoken(n, np.ones(100, np.int16), 0.0, 1.0, 5, 1, None) for n in (0, 1)]
    bench.submit("t1")
    lease = bench.claim("other/machine:1:2:3")
    assert lease is not None
    bench.start(lease, Plan(7, "g", "s", "v2", 100, ("一。", "二。")))
    bench.keep(lease, spoken[0])
    kept = store.kept()
    assert len(kept) == 1
    bench.clock.ahead = 3600.0
    bench.jobs.leases.recover()
    assert bench.claim("another/machine:1:2:3") is not None
    with pytest.raises(LeaseLostError):
        bench.keep(lease, spoken[1])
    assert store.kept() == kept
    bench.engine.close(1.0)
    database.close()
