"""The embedded document store: a server of MongoDB's protocol, run as a separate process and never imported."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.errors import ServiceError
from lakehouse.services.process import LOOPBACK, Service

if TYPE_CHECKING:
    from lakehouse.services.state import Place

_CACHE = "256M"


def document_store() -> Service:
    """Describe the document store."""
    return Service(
        name="document-store",
        title="The embedded document store",
        setting="mongodb_uri",
        standard_port=27017,
        command=_command,
        ready=_answers,
        address=_address,
    )


def _command(place: Place, port: int) -> list[str | Path]:
    program = shutil.which("secantusd-py", path=str(Path(sys.executable).parent)) or shutil.which("secantusd-py")
    if program is None:
        raise ServiceError(
            "The embedded document store is not installed. Install it with `pip install --pre reclake[local]`, "
            "or set MONGODB_URI to a MongoDB server."
        )
    # An empty configuration of its own: without one the server reads any that it finds in home or in /etc.
    config = place.folder / "secantusd.toml"
    config.touch()
    bind = ["--host", LOOPBACK, "--port", str(port)]
    return [program, "--config", config, *bind, "--storage-path", place.data, "--cache-size", _CACHE]


def _answers(port: int) -> bool:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    with MongoClient[dict[str, object]](_address(port), serverSelectionTimeoutMS=1000) as client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
    return True


def _address(port: int) -> str:
    return f"mongodb://{LOOPBACK}:{port}/"
