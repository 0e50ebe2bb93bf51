"""Runs a centre: two listeners and three tasks in one event loop, until a signal or until a task fails."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn
from starlette.types import ASGIApp

from acoustic.errors import InputError, ResourceError
from dispatch.alerts.delivery import Delivery
from dispatch.alerts.watch import beat, watch_silence
from dispatch.api.app import page_app
from dispatch.centre import Centre
from dispatch.ingest import Ingest
from dispatch.keeping.sweep import keep_clocks
from dispatch.locator import Locator
from dispatch.people.register import first_link
from dispatch.reception import Keeper, Reception
from dispatch.reminders import remind
from dispatch.settings import Settings, address
from dispatch.trust.peers import PeerProtocol

if TYPE_CHECKING:
    from dispatch.workers.handover import Handover

GRACE_S = 3
RENEW_EVERY_S = 24 * 3600.0
Ready = Callable[[str, str, str | None], None]
log = structlog.get_logger()


class _Server(uvicorn.Server):
    """One listener; signals are the centre's own affair."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(settings: Settings, ready: Ready) -> None:
    """Run until SIGINT or SIGTERM; `ready(ingest, page, first)` is called once both addresses answer; `first` is the
    link that makes the first administrator, where there is none.

    Raises ResourceError where a port is in use or the data folder is unusable.
    """
    host, port = address(settings.listen)
    with bind(host, port) as ingest_socket, bind(settings.page_host, settings.page_port) as page_socket:
        centre = Centre(settings)
        try:
            await _run(centre, ingest_socket, page_socket, ready)
        finally:
            centre.close()


async def _run(
    centre: Centre,
    ingest_socket: socket.socket,
    page_socket: socket.socket,
    ready: Ready,
) -> None:
    locator, keeper = _locator(centre), Keeper(centre)
    centre.ingest_port, centre.hand_over = ingest_socket.getsockname()[1], locator.take
    reception = Reception(centre, keeper, locator)
    ingest = _Server(_ingest_config(Ingest(centre, reception).app(), centre))
    page = _Server(_page_config(centre))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    listeners = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in ((ingest, ingest_socket), (page, page_socket))
    ]
    work = (
        keeper.run(),
        locator.run(),
        centre.watch_nodes(),
        remind(centre),
        _renew_certificates(centre, ingest, page),
        Delivery(centre).run(),
        watch_silence(centre),
        beat(centre),
        keep_clocks(centre),
        *_brokers(centre, reception),
    )
    workers = [asyncio.create_task(one) for one in work]
    stopping = asyncio.create_task(stop.wait())
    try:
        while not (ingest.started and page.started) and not any(task.done() for task in listeners):
            await asyncio.sleep(0.01)
        scheme = "https" if centre.settings.page_tls else "http"
        first = await centre.store.write(lambda connection: first_link(connection, centre.now_ms))
        ready(f"https://{_shown(ingest_socket)}", f"{scheme}://{_shown(page_socket)}", first)
        await asyncio.wait([stopping, *listeners, *workers], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in workers if task.done()]
    finally:
        ingest.should_exit = page.should_exit = True
        centre.bus.close()
        await asyncio.gather(*listeners)
        for task in (stopping, *workers):
            task.cancel()
        await asyncio.gather(stopping, *workers, return_exceptions=True)
        locator.close()
    for task in failed:
        task.result()  # a task that ended by itself has failed: say why, and end too


def _locator(centre: Centre) -> Locator | Handover:
    """Located is here, or by workers, whose library is imported only then. Raises ResourceError without it."""
    workers = centre.settings.workers
    if workers is None:
        return Locator(centre)
    try:
        from dispatch.workers.handover import Handover
    except ModuleNotFoundError as error:
        raise ResourceError("workers need NATS; install tocsin[nats]") from error
    return Handover(centre, workers.broker, workers.cell_m)


def _brokers(centre: Centre, reception: Reception) -> list[Coroutine[None, None, None]]:
    """One piece of work a broker; its library is imported only where one is named. Raises ResourceError without it."""
    work = []
    for broker in centre.settings.brokers:
        if broker.speaks_nats:
            from dispatch.brokers.nats import run_nats as run
        else:
            from dispatch.brokers.mqtt import run_mqtt as run
        work.append(run(broker, reception, centre.authority.order_key))
    return work


async def _renew_certificates(centre: Centre, ingest: _Server, page: _Server) -> None:
    """For ever: once a day, make anew what nears its end; connections that come then are shown it."""
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        try:
            centre.renew_authority()
            for server in (ingest, page):
                load_certificates(server.config)
        except (ResourceError, OSError) as error:  # a full disk, say: there are weeks to try again
            log.warning("the centre's certificates could not be renewed; trying again", problem=str(error))


def load_certificates(config: uvicorn.Config) -> None:
    """Have a server show its certificate, and know clients, as the files are now. Raises OSError."""
    if config.ssl is None or config.ssl_certfile is None:
        return
    config.ssl.load_cert_chain(config.ssl_certfile, config.ssl_keyfile)
    if config.ssl_ca_certs:
        config.ssl.load_verify_locations(config.ssl_ca_certs)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises ResourceError, in one sentence, where the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: asyncio turns off Nagle's delay (40 ms an answer) only where a socket says so.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ResourceError(
            f"port {port} on {host} cannot be used: {reason}; choose another or end who has it"
        ) from error
    return listener


def _page_config(centre: Centre) -> uvicorn.Config:
    settings, authority = centre.settings, centre.authority
    app = page_app(centre, hosts=centre.names, tls=settings.page_tls)
    if not settings.page_tls:
        return _config(app)
    certificate, key = settings.page_certificate, settings.page_key
    if certificate is None or key is None:
        return _config(app, ssl_certfile=authority.server_cert, ssl_keyfile=authority.server_key)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"page_certificate {certificate} and page_key {key} cannot be used: {error}") from error
    return _config(app, ssl_certfile=certificate, ssl_keyfile=key)


def _ingest_config(app: ASGIApp, centre: Centre) -> uvicorn.Config:
    """Nodes show certificates; who has none yet, or whose ended, may enrol and renew."""
    authority = centre.authority
    files = {"ssl_certfile": authority.server_cert, "ssl_keyfile": authority.server_key}
    config = _config(
        app, http=PeerProtocol, ssl_cert_reqs=ssl.CERT_OPTIONAL, ssl_ca_certs=str(authority.ca_file), **files
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3  # before, a node's certificate travels in the clear
    return config


def _config(app: ASGIApp, **more: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
        **more,  # type: ignore[arg-type]
    )


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
