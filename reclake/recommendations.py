"""Recommendations as applications read them: from the document store, never from tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.database import Database

from reclake.errors import NothingToServeError

Recommendation = dict[str, Any]


def for_user(database: Database[dict[str, Any]], user_id: str, n: int) -> list[Recommendation]:
    """Read a user's best `n` recommendations, best first.

    Returns
    -------
    list of dict
        `new_episode_id`, `title` (may be null), `als_score`, `rank`, `model_version`, `generated_at`.

    Raises
    ------
    NothingToServeError
        The store has none for this user; the message names users that it has some for.
    """
    found = list(database["als_top_n"].find({"user_id": user_id}, {"_id": False}).sort("rank").limit(n))
    if not found:
        known = ", ".join(some_users(database, 3)) or "nobody yet: run `reclake demo`, or `reclake run listening`"
        raise NothingToServeError(f"There are no recommendations for user {user_id!r}. There are some for: {known}.")
    return found


def some_users(database: Database[dict[str, Any]], n: int) -> Sequence[str]:
    """Name a few users that have recommendations, always the same ones of a set."""
    return [
        row["user_id"] for row in database["als_top_n"].find({"rank": 1}, {"user_id": True}).sort("user_id").limit(n)
    ]
