"""The dashboard as a process: what takes seconds to import is imported before anybody looks."""

from __future__ import annotations

import importlib
from pathlib import Path

from lakehouse.errors import ServiceError
from lakehouse.services.process import free_port

APP = Path(__file__).with_name("app.py")
HOST, PORT = "127.0.0.1", 8501
_SLOW = (
    "altair",
    "duckdb",
    "serving.reading.delta_files",
    "mlflow",
    "gold.churn.registered",
    "pymongo",
    "psycopg",
    "serving.dashboard.views.now",
)


def serve(host: str = HOST, port: int = PORT) -> None:
    """Serve until interrupted.

    Raises
    ------
    ServiceError
        Somebody else listens on that port.
    """
    from streamlit.web.cli import main

    if port and host == HOST and free_port([port]) != port:
        raise ServiceError(f"Another program listens on {host}, port {port}. Choose another with --port.")
    for name in _SLOW:
        importlib.import_module(name)
    options = {"server.address": host, "server.port": port or free_port()}
    main(["run", str(APP), *(f"--{name}={value}" for name, value in options.items())], standalone_mode=False)
