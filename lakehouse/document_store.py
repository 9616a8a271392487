"""The document store that applications read: a collection is replaced as a whole or not at all.

Documents go into an unfinished collection, get their indexes, and take the live name in one step, so no reader sees a
half-written set and an interrupted export leaves the old one serving.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.write_concern import WriteConcern
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.services import mongodb_uri
from lakehouse.settings import Settings

Document = Mapping[str, Any]

_BATCH = 1_000
_WRITERS = 4
_DUPLICATE_KEY = 11000


@contextmanager
def connect(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    """Open the recommendations database, journaled and acknowledged by a majority.

    Raises
    ------
    ServiceError
        The store cannot be reached or refuses the credentials; the message shows no secret.
    SettingsError
        `MONGODB_URI` is not one.
    """
    uri = mongodb_uri(settings)
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri, serverSelectionTimeoutMS=5_000, appname="reclake", tz_aware=True
        )
    except (PyMongoError, ValueError):
        raise SettingsError(
            "MONGODB_URI cannot be used: it should look like mongodb+srv://USER:PASSWORD@HOST."
        ) from None
    durable = WriteConcern(w="majority", j=True)
    try:
        with client:
            yield client.get_database(settings.mongodb_database, write_concern=durable)
    except ServerSelectionTimeoutError:
        raise ServiceError(
            "The document store did not answer within 5 s. Check MONGODB_URI, or unset it for the embedded store."
        ) from None
    except OperationFailure as error:
        if error.code not in (13, 18):
            raise
        raise ServiceError(
            "The document store refused the credentials or lacks rights. Check user and password in MONGODB_URI."
        ) from None


def replace_collection(
    database: Database[dict[str, Any]], name: str, documents: Iterable[Document], index: Sequence[str]
) -> int:
    """Serve `documents` as collection `name`, instead of what it held; return how many they are.

    Memory stays bounded: a few batches are on their way at any time, however many documents there are. A reader sees
    the old set or the new one; one that is between two batches of a long cursor gets `CursorNotFound` and reads again.

    Parameters
    ----------
    documents : iterable
        Each with an `_id`, so that a batch that is sent again after a broken connection is stored once.
    index : sequence of str
        Fields of the one unique index.

    Raises
    ------
    NothingToServeError
        There are no documents; the old set goes on serving.
    """
    # An export that was interrupted left its own behind. One that still runs finds its documents gone, and says so.
    for left in database.list_collection_names():
        if left.startswith(f"{name}__unfinished"):
            database[left].drop()
    unfinished = database[f"{name}__unfinished_{uuid4().hex}"]
    written = _write(unfinished, documents)
    if not written:
        raise NothingToServeError(f"There is nothing to export to {name}; what it holds goes on serving.")
    unfinished.create_indexes([IndexModel([(field, ASCENDING) for field in index], unique=True)])
    if unfinished.count_documents({}) != written:
        raise ServiceError(
            f"Another export to {name} ran at the same time; what it holds goes on serving. Run it again."
        )
    unfinished.rename(name, dropTarget=True)
    return written


def _write(collection: Collection[dict[str, Any]], documents: Iterable[Document]) -> int:
    written = 0
    pending: deque[Future[int]] = deque()
    with ThreadPoolExecutor(_WRITERS) as writers:
        for batch in _batches(documents):
            if len(pending) >= 2 * _WRITERS:
                written += pending.popleft().result()
            pending.append(writers.submit(_insert, collection, batch))
        written += sum(future.result() for future in pending)
    return written


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


@retry(
    retry=retry_if_exception_type(AutoReconnect),
    stop=stop_after_attempt(5),
    wait=wait_exponential_jitter(max=10),
    reraise=True,
)
def _insert(collection: Collection[dict[str, Any]], batch: list[Document]) -> int:
    try:
        collection.insert_many([dict(document) for document in batch], ordered=False)
    except BulkWriteError as error:
        # Already there: the batch arrived, but its answer did not.
        faults = [fault for fault in error.details["writeErrors"] if fault["code"] != _DUPLICATE_KEY]
        if faults:
            raise ServiceError(f"The document store refused a document: {faults[0]['errmsg']}") from None
    return len(batch)
