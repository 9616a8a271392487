"""The churn API as a process: uvicorn on one core, on the loopback unless a key protects it."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address

from lakehouse.errors import ServiceError, SettingsError
from lakehouse.settings import CHURN_KEY_HEADER, Settings

HOST, PORT = "127.0.0.1", 8000
MOST_CONNECTIONS = 256


def listen(settings: Settings, host: str = HOST, port: int = PORT) -> socket.socket:
    """Take an address; port 0 is any that is free.

    Raises
    ------
    SettingsError
        The address can be reached by others and there is no key.
    ServiceError
        It cannot be had.
    """
    if not _is_loopback(host) and settings.churn_api_key is None:
        raise SettingsError(
            f"On {host} others can reach the churn API. Set CHURN_API_KEY to what their header {CHURN_KEY_HEADER} has "
            f"to say, or serve on {HOST}."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServiceError(
            f"The churn API cannot listen on {host}, port {port}: {error.strerror or error}. "
            "Choose another with --host or --port."
        ) from None


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve on an address that was taken, until interrupted.

    Raises
    ------
    SettingsError
        The rate cannot be read.
    """
    # A request is too small to be worth a second thread; read when scikit-learn is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import uvicorn

    from serving.churn.app import create_app

    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        log_level="warning",
        # A header that any client can send must not choose whose rate is counted.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
