"""``python -m service.worker``: a worker on the queue without HTTP, beside or instead of the one in the API."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Collection, Sequence

from prometheus_client import CollectorRegistry, start_http_server

from GPT_SoVITS import _commands
from GPT_SoVITS.engine.interface import Engine
from service import logs
from service.container import Container
from service.database import Database
from service.engine import AbsentEngine, open_engine
from service.folders import Folders
from service.http.metrics import EngineMetrics
from service.jobs.follower import EventFollower
from service.jobs.job_cache import JobCache
from service.objects.opening import open_carrier
from service.opening import open_database
from service.queue import KINDS, NEED_ENGINE, new_worker, open_queue, show_figures
from service.settings import Settings, SettingsError, load_settings, report

logger = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Return the command line; everything else is in the configuration file or the environment, see SETTINGS.md."""
    options = argparse.ArgumentParser(
        prog=_commands.module("service.worker"), description="Work on the queue of a voice service, without HTTP."
    )
    options.add_argument(
        "--kinds", nargs="+", choices=KINDS, metavar="KIND", help=f"take only jobs of these kinds: {', '.join(KINDS)}"
    )
    options.add_argument("--device", type=int, help="number of the NPU (default: as the service)")
    options.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    options.add_argument("--broker", help="address of RabbitMQ, amqp://user:password@host/vhost")
    options.add_argument("--database", help="address of the database, postgresql+psycopg://user:password@host/name")
    options.add_argument(
        "--metrics-port", type=int, metavar="PORT", help="answer figures for Prometheus on this port (default: none)"
    )
    options.add_argument("--config", help="configuration file of the service")
    options.add_argument("--root", help="folder of the service's data")
    return options


async def work(
    settings: Settings, stop: asyncio.Event, kinds: Collection[str] = KINDS, metrics_port: int | None = None
) -> None:
    """Work on the queue until somebody says stop, then hand back what cannot be finished in time.

    Args:
        settings: Of the service; its folder and its database must be the same.
        stop: Set from outside.
        kinds: Take only jobs of these.
        metrics_port: Where figures are answered; None is nowhere.
    """
    async with contextlib.AsyncExitStack() as stack:
        Folders(settings.root).create()
        database = await asyncio.to_thread(open_database, settings)
        stack.callback(database.close)
        engine = await asyncio.to_thread(_engine, settings, kinds)
        stack.push_async_callback(asyncio.to_thread, engine.close)
        container = _container(settings, database, engine, stack)
        if metrics_port is not None:
            server, _ = start_http_server(metrics_port, registry=container.metrics)
            stack.callback(server.shutdown)
        await _work(container, kinds, stop)


def _container(settings: Settings, database: Database, engine: Engine, stack: contextlib.AsyncExitStack) -> Container:
    carrier = open_carrier(settings)
    container = Container(settings, Folders(settings.root), database, engine, CollectorRegistry(), carrier)
    stack.callback(container.close)
    return container


def _engine(settings: Settings, kinds: Collection[str]) -> Engine:
    if NEED_ENGINE.isdisjoint(kinds):
        return AbsentEngine("this worker does not speak")
    from service.weights.starter import first_weights

    return open_engine(settings.engine_settings(first_weights(settings)))


async def _work(container: Container, kinds: Collection[str], stop: asyncio.Event) -> None:
    queue = open_queue(container)
    worker = new_worker(queue, container, kinds)
    show_figures(queue, container, worker)
    EngineMetrics(container.metrics, container.engine.status)
    follower = EventFollower(queue.jobs.events, JobCache(), container.offload)
    follower.listeners.append(worker.changed_elsewhere)
    await worker.start()
    if queue.broker is not None:
        queue.broker.relay.listeners.append(follower.look)
        queue.broker.start()
    following = asyncio.create_task(follower.follow(), name="queue-follow")
    logger.info("working on %s as %s", ", ".join(kinds), worker.name)
    try:
        await stop.wait()
    finally:
        following.cancel()
        await worker.stop()
        if queue.broker is not None:
            await queue.broker.stop()
        queue.bell.close()


async def _until_a_signal(settings: Settings, kinds: Collection[str], metrics_port: int | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await work(settings, stop, kinds, metrics_port)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until a signal comes; returns the exit status."""
    given = parser().parse_args(arguments)
    try:
        settings = load_settings(
            config=given.config,
            root=given.root,
            device_id=given.device,
            device_target=given.device_target,
            broker=given.broker,
            database_url=given.database,
        )
    except SettingsError as error:
        return report(error)
    logs.configure(settings.log_level, settings.log_format, lambda: "")
    asyncio.run(_until_a_signal(settings, given.kinds or KINDS, given.metrics_port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
