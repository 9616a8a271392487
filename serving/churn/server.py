"""The churn API as a process: uvicorn on one core, on the loopback unless a key protects it."""

from __future__ import annotations

import os
from ipaddress import ip_address

from reclake.errors import SettingsError
from reclake.settings import Settings

HOST, PORT = "127.0.0.1", 8000
MOST_CONNECTIONS = 256


def serve(settings: Settings, host: str = HOST, port: int = PORT) -> None:
    """Serve until interrupted.

    Raises
    ------
    SettingsError
        The address can be reached by others and there is no key, or the rate cannot be read.
    """
    if not _is_loopback(host) and settings.churn_api_key is None:
        raise SettingsError(
            f"On {host} others can reach the churn API. Set CHURN_API_KEY to what their header X-API-Key has to say, "
            f"or serve on {HOST}."
        )
    # A request is too small to be worth a second thread; read when scikit-learn is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import uvicorn

    from serving.churn.app import create_app

    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        # A header that any client can send must not choose whose rate is counted.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=5,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
