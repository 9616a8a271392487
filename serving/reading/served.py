"""What applications are served: from the document store, or where there is none from the tables that it would get."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from gold.listening.hybrid.weights import SOURCES
from lakehouse import tables
from lakehouse.errors import NothingToServeError
from lakehouse.recommendations import ANYONE, Recommendation

if TYPE_CHECKING:
    from serving.reading.lake import Lake


class Served(Protocol):
    """Recommendations, wherever they are; errors are those of `Documents.ask` and `Lake.rows`."""

    def users(self, n: int) -> list[str]:
        """Name the first users that have recommendations."""
        ...

    def for_user(self, user_id: str, n: int) -> list[Recommendation]:
        """See `recommendations.for_user`."""
        ...

    def by_listening(self, user_id: str, n: int) -> pd.DataFrame:
        """The best rows of `als_top_n` of a user."""
        ...

    def like_episode(self, episode_id: str, n: int) -> pd.DataFrame:
        """The best rows of `als_item_item` of an episode."""
        ...

    def sessions(self, n: int) -> list[str]:
        """Name the latest sessions that have recommendations."""
        ...

    def for_session(self, session_id: str, n: int) -> list[Recommendation]:
        """See `recommendations.for_session`."""
        ...


class ServedTables:
    """What would be served, from the tables of gold."""

    def __init__(self, lake: Callable[[], Lake]) -> None:
        self._lake = lake

    def users(self, n: int) -> list[str]:
        """See `Served`."""
        return self._names(
            f"""
            SELECT user_id AS name FROM {tables.final_recommendations}
            WHERE rank = 1 AND user_id NOT LIKE '{ANYONE}%' ORDER BY user_id LIMIT $n
            """,  # noqa: S608 - names of the catalogue
            n,
        )

    def for_user(self, user_id: str, n: int) -> list[Recommendation]:
        """See `Served`."""
        added = ", ".join(f"sources['{name}'] AS {name}" for name in SOURCES)
        found = self._best(
            f"""
            SELECT user_id, recommended_episode_id, r.title, score, rank, reason, because_episode_id,
                   e.title AS because_title, {added}, model_version, generated_at
            FROM {tables.final_recommendations} AS r
            LEFT JOIN {tables.episodes} AS e ON e.episode_id = because_episode_id
            WHERE user_id = $of ORDER BY rank LIMIT $n
            """,  # noqa: S608
            user_id,
            n,
        )
        if not found:
            raise NothingToServeError("There are no recommendations yet: run the job `listening`.")
        return [_with_sources(one) for one in found]

    def by_listening(self, user_id: str, n: int) -> pd.DataFrame:
        """See `Served`."""
        sql = f"SELECT * FROM {tables.als_top_n} WHERE user_id = $of ORDER BY rank LIMIT $n"  # noqa: S608
        return self._lake().rows(sql, of=user_id, n=n)

    def like_episode(self, episode_id: str, n: int) -> pd.DataFrame:
        """See `Served`."""
        sql = f"SELECT * FROM {tables.als_item_item} WHERE new_episode_id = $of ORDER BY rank LIMIT $n"  # noqa: S608
        return self._lake().rows(sql, of=episode_id, n=n)

    def sessions(self, n: int) -> list[str]:
        """See `Served`."""
        return self._names(
            f"""
            SELECT session_id AS name FROM {tables.session_recommendations}
            WHERE rank = 1 AND session_id <> '{ANYONE}' ORDER BY session_ended_at DESC, session_id LIMIT $n
            """,  # noqa: S608
            n,
        )

    def for_session(self, session_id: str, n: int) -> list[Recommendation]:
        """See `Served`."""
        sql = f"SELECT * FROM {tables.session_recommendations} WHERE session_id = $of ORDER BY rank LIMIT $n"  # noqa: S608
        found = self._best(sql, session_id, n)
        if not found:
            raise NothingToServeError("There are no recommendations for sessions yet: run the job `shop`.")
        return found

    def _best(self, sql: str, of: str, n: int) -> list[dict[str, Any]]:
        """Rows of one of whom something is known, or of anyone."""
        for asked in (of, ANYONE):
            rows = self._lake().rows(sql, of=asked, n=n)
            if not rows.empty:
                return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
        return []

    def _names(self, sql: str, n: int) -> list[str]:
        return [str(name) for name in self._lake().rows(sql, n=n)["name"]]


def _with_sources(row: dict[str, Any]) -> Recommendation:
    """Put what each source adds under `sources`, as in a document."""
    others = {name: value for name, value in row.items() if name not in SOURCES}
    return {**others, "sources": {name: row[name] for name in SOURCES}}
