"""The command line: finds or starts a service, then serves the pages."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from webui.assembly import LABEL, SEPARATE, SPEAK, Pages, Setup, assembled
from webui.child import PORT, Child, ChildError, answers
from webui.service import Service, ServiceCallError, needs_key
from webui.serving import Door, application, listening, server
from webui.speaking import Speaker
from webui.versions import Hardware
from webui.words import Words, language_of_system

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LANGUAGES = {"zh": "zh", "zh_CN": "zh", "zh_TW": "zh", "en": "en", "en_US": "en"}
_REPOSITORY = Path(__file__).resolve().parents[1]


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    options = argparse.ArgumentParser(
        prog="webui.py", description="The Gradio page and its client API, in front of the voice service."
    )
    options.add_argument("locale", nargs="?", choices=sorted(_LANGUAGES), help="as --language, for old command lines")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    options.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME",
        help="a name that a proxy on this machine is reached under; may be given several times",
    )  # fmt: skip
    options.add_argument("--port", type=port_number, default=9874, help="port of the main page (default 9874)")
    options.add_argument("--language", choices=sorted(_LANGUAGES), help="of texts; default: the system's locale")
    options.add_argument("--service", metavar="URL", help="address of a running service; default: one is started")
    options.add_argument("--key", help="API key of the service (also GPT_SOVITS_KEY)")
    options.add_argument(
        "--service-port", type=port_number, default=PORT, help=f"port of the started one (default {PORT})"
    )
    options.add_argument("--root", type=Path, help="its folder of data (default: the project's)")
    options.add_argument("--batch-size", type=int, help="first batch size of trainings; default: a quarter of the GB")
    for name, port in (("label", LABEL), ("infer", SPEAK), ("uvr5", SEPARATE)):
        options.add_argument(
            f"--{name}-port", type=port_number, default=port, help=f"port of that page (default {port})"
        )
    options.add_argument("--inference", action="store_true", help="open the inference page at the start")
    return options


def port_number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no port: 0 to 65535")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    given = parser().parse_args(arguments)
    key = given.key or os.environ.get("GPT_SOVITS_KEY") or None
    try:
        # The port first: a service takes a while to start, in vain if another program has the port.
        with contextlib.closing(listening(given.host, given.port)) as listener, _service(given) as url:
            setup = prepared(given, url, key)
            asyncio.run(_serve(given, setup, listener))
    except (ChildError, ServiceCallError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _service(given: argparse.Namespace) -> Iterator[str]:
    """Give the address of the service: the named one, the one that runs already, or one started for the page."""
    here = f"http://127.0.0.1:{given.service_port}"
    if given.service or answers(here):
        yield given.service or here
        return
    child = Child(_REPOSITORY / "api_ms.py", given.service_port, given.root)
    child.start()
    try:
        yield child.url
    finally:
        child.close()


def prepared(given: argparse.Namespace, url: str, key: str | None) -> Setup:
    """Return what the pages are made for.

    Raises:
        ServiceCallError: the service cannot be reached, or does not take the key.
    """
    words = Words("en" if _language(given) == "en" else "zh")
    opens = None
    if needs_key(url):
        if needs_key(url, key):
            raise ServiceCallError("the service needs a valid API key: --key or GPT_SOVITS_KEY", 401)

        async def opens(key: str) -> bool:
            return not await asyncio.to_thread(needs_key, url, key)

    elif given.host not in _LOOPBACK:
        print("warning: whoever reaches this address may use the page; the service has no API key", file=sys.stderr)
    local = not given.service
    return Setup(
        service=Service(url, key, words.language),
        words=words,
        hardware=_hardware(given.batch_size),
        door=Door(given.host, opens, words.text("log_in"), allowed_hosts=tuple(given.allowed_host)),
        admin=f"{url.rstrip('/')}/index",
        root=(given.root or _REPOSITORY).resolve() if local else None,
        ports={"label": given.label_port, "uvr5": given.uvr5_port, "tts": given.infer_port},
    )


def _language(given: argparse.Namespace) -> str:
    named = given.language or given.locale or os.environ.get("language")  # noqa: SIM112  (its name)
    return _LANGUAGES.get(str(named)) or language_of_system()


def _hardware(batch_size: int | None) -> Hardware:
    """Return the machine's memory, from which batch sizes follow; a batch size that is given counts instead."""
    if batch_size is not None:
        return Hardware(4 * max(1, batch_size))
    return Hardware(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30)


async def _open_inference(pages: Pages) -> None:
    try:
        await pages.sites["tts"].open()
    except OSError as error:  # the main page can open it later
        print(f"warning: the inference page is not open: {error}", file=sys.stderr)


async def _serve(given: argparse.Namespace, setup: Setup, listener: socket.socket) -> None:
    await Speaker(setup.service).remove_leftovers()
    pages: Pages = assembled(setup)
    main_server = server(application(pages.main, setup.door), given.host)

    def end() -> None:
        main_server.should_exit = True

    # Not by uvicorn, which ends the whole process by the signal: the started service has to be ended first.
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    print(f"Running on local URL:  http://{given.host}:{listener.getsockname()[1]}", flush=True)
    try:
        if given.inference:
            await _open_inference(pages)
        await main_server.serve([listener])
    finally:
        await pages.opening.close()
        await setup.service.close()
