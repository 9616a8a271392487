"""The churn API on a port of the loopback, as a client meets it."""

import socket
import threading
from contextlib import contextmanager

import httpx
import uvicorn

from serving.churn.app import create_app


@contextmanager
def running(settings, **headers):
    """A client of the API, which ends with the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        # Requests queue up here until the server takes them, so nobody has to wait for its start.
        listening.listen(64)
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
