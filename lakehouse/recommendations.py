"""Recommendations as applications read them: from the document store, never from tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakehouse.errors import NothingToServeError

if TYPE_CHECKING:
    from pymongo.database import Database

Recommendation = dict[str, Any]

ANYONE = "*"
"""Whose recommendations a user gets who has none of their own: what is popular now."""

LIKED, SIMILAR, POPULAR, SESSION = "liked", "similar", "popular", "session"
"""Why something is recommended: listeners agree, it reads alike, all want it, it goes with another."""


def for_user(
    database: Database[dict[str, Any]], user_id: str, n: int, language: str | None = None
) -> list[Recommendation]:
    """Read a user's best `n` recommendations, best first; where the user has none, those of `ANYONE`.

    Parameters
    ----------
    language : str, optional
        Such as `en`: of a user who has none, what is popular in that language, if anything is.

    Returns
    -------
    list of dict
        `recommended_episode_id`, `title` (may be null), `score`, `rank`, `reason`, `because_episode_id`,
        `because_title`, `sources`, `model_version`, `generated_at`.

    Raises
    ------
    NothingToServeError
        The store has none at all.
    """
    for asked in (user_id, *([f"{ANYONE}:{language.lower()}"] if language else []), ANYONE):
        found = list(database["final_recommendations"].find({"user_id": asked}, {"_id": False}).sort("rank").limit(n))
        if found:
            return found
    raise NothingToServeError("There are no recommendations yet: run `reclake demo`, or `reclake run listening`.")


def why(recommendation: Recommendation) -> str:
    """Say in words why an episode is recommended; nothing where the reason is not known.

    Examples
    --------
    >>> why({"recommended_episode_id": "a", "because_episode_id": "b", "because_title": None, "reason": "liked"})
    'listeners of b like it'
    """
    if recommendation["because_episode_id"] == recommendation["recommended_episode_id"]:
        return "they liked it, and have not completed it"
    because = recommendation["because_title"] or recommendation["because_episode_id"]
    told = {
        LIKED: f"listeners of {because} like it",
        SIMILAR: f"it is about the same as {because}",
        POPULAR: "it is popular now",
    }
    return told.get(recommendation["reason"], "")


def why_product(recommendation: Recommendation) -> str:
    """Say in words why a product is recommended to a session; nothing where the reason is not known.

    Examples
    --------
    >>> why_product({"because_item_id": "item-7", "reason": "session"})
    'goes with item-7'
    """
    told = {SESSION: f"goes with {recommendation['because_item_id']}", POPULAR: "it is popular now"}
    return told.get(recommendation["reason"], "")


def for_session(database: Database[dict[str, Any]], session_id: str, n: int) -> list[Recommendation]:
    """Read the best `n` products for a session of the shop, best first; where it has none, those of `ANYONE`.

    Returns
    -------
    list of dict
        `session_id`, `item_id`, `score`, `rank`, `reason`, `because_item_id`, `user_id`, `session_ended_at`,
        `model_version`, `generated_at`.

    Raises
    ------
    NothingToServeError
        The store has none at all.
    """
    for asked in (session_id, ANYONE):
        found = list(
            database["session_recommendations"].find({"session_id": asked}, {"_id": False}).sort("rank").limit(n)
        )
        if found:
            return found
    raise NothingToServeError("There are no recommendations for sessions yet: run `reclake run shop`.")


def some_users(database: Database[dict[str, Any]], n: int) -> Sequence[str]:
    """Name a few users that have recommendations, always the same ones of a set."""
    return [
        row["user_id"]
        for row in database["final_recommendations"]
        .find({"rank": 1, "user_id": {"$not": {"$regex": f"^{re.escape(ANYONE)}"}}}, {"user_id": True})
        .sort("user_id")
        .limit(n)
    ]
