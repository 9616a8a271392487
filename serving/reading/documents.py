"""The document store: what applications are served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from lakehouse import recommendations
from lakehouse.errors import ServiceError
from lakehouse.recommendations import Recommendation
from lakehouse.settings import Settings
from serving.reading.away import Away
from serving.reading.figure import in_utc

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database

Result = TypeVar("Result")

_PATIENCE_MS = 1_500


class Documents:
    """MongoDB: recommendations and profiles."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._away = Away()
        self._client: MongoClient[dict[str, Any]] | None = None
        self._lock = RLock()

    def ask(self, work: Callable[[Database[dict[str, Any]]], Result]) -> Result:
        """Do reading `work` on the recommendations database.

        Raises
        ------
        ServiceError
            The store does not answer, or refuses.
        """
        return self._away.ask(lambda: self._ask(work))

    def find(
        self, collection: str, where: dict[str, Any], sort: Sequence[str] = ("rank",), limit: int = 100
    ) -> pd.DataFrame:
        """Documents of a collection, best first."""
        found = self.ask(
            lambda database: list(
                database[collection].find(where, {"_id": False}).sort([(field, 1) for field in sort]).limit(limit)
            )
        )
        return in_utc(pd.DataFrame(found))

    def users(self, n: int) -> list[str]:
        """See `Served`."""
        return list(self.ask(lambda database: recommendations.some_users(database, n)))

    def for_user(self, user_id: str, n: int) -> list[Recommendation]:
        """See `Served`."""
        return self.ask(lambda database: recommendations.for_user(database, user_id, n))

    def by_listening(self, user_id: str, n: int) -> pd.DataFrame:
        """See `Served`."""
        return self.find("als_top_n", {"user_id": user_id}, limit=n)

    def like_episode(self, episode_id: str, n: int) -> pd.DataFrame:
        """See `Served`."""
        return self.find("als_item_item", {"new_episode_id": episode_id}, limit=n)

    def sessions(self, n: int) -> list[str]:
        """See `Served`."""
        found = self.ask(
            lambda database: list(
                database["session_recommendations"]
                .find({"rank": 1, "session_id": {"$ne": recommendations.ANYONE}}, {"session_id": True})
                .sort([("session_ended_at", -1), ("session_id", 1)])
                .limit(n)
            )
        )
        return [one["session_id"] for one in found]

    def for_session(self, session_id: str, n: int) -> list[Recommendation]:
        """See `Served`."""
        return self.ask(lambda database: recommendations.for_session(database, session_id, n))

    def _ask(self, work: Callable[[Database[dict[str, Any]]], Result]) -> Result:
        from pymongo.errors import OperationFailure, PyMongoError

        try:
            return work(self._connected().get_database(self._settings.mongodb_database))
        except OperationFailure as error:
            raise ServiceError(f"The document store refused to be read (code {error.code}).") from None
        except PyMongoError:
            # Where it is may have changed: an embedded store that was started again has another port.
            self._client = None
            raise ServiceError("The document store does not answer. Check MONGODB_URI, or unset it.") from None

    def _connected(self) -> MongoClient[dict[str, Any]]:
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        from lakehouse.services import mongodb_uri

        with self._lock:
            if self._client is None:
                try:
                    self._client = MongoClient(
                        mongodb_uri(self._settings),
                        serverSelectionTimeoutMS=_PATIENCE_MS,
                        connectTimeoutMS=_PATIENCE_MS,
                        socketTimeoutMS=10_000,
                        readPreference="secondaryPreferred",
                        appname="reclake-dashboard",
                        tz_aware=True,
                    )
                except (PyMongoError, ValueError):
                    raise ServiceError(
                        "MONGODB_URI cannot be used: it should be mongodb+srv://USER:PASSWORD@HOST."
                    ) from None
            return self._client
