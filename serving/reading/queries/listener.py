"""One listener: what they heard, what they are recommended and why, and what is like an episode."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd

from gold.listening.hybrid.weights import SOURCES
from lakehouse import recommendations, tables
from lakehouse.errors import NothingToServeError, RecLakeError
from serving.reading.figure import Figure
from serving.reading.stores import Stores

MOST_FOUND = 50
MOST_EVENTS = 100


def find_users(stores: Stores) -> list[str]:
    """Name the first users that have recommendations."""
    return stores.served.users(MOST_FOUND)


def recommended(stores: Stores, user_id: str, n: int) -> Figure:
    """What the user is recommended in the end, as applications read it.

    Returns
    -------
    Figure
        `rank`, `title`, `score`, `reason`, `because` (the reason in words), `als`, `text`, `popularity` (what each adds
        to the score), `recommended_episode_id`, `user_id` (whose they are: `*` for one without any), `model_version`.
    """
    found = stores.served.for_user(user_id, n)
    rows = pd.DataFrame(found)
    mix = pd.DataFrame([one.get("sources") or {} for one in found], columns=list(SOURCES)).fillna(0.0)
    rows = pd.concat([rows.drop(columns="sources", errors="ignore"), mix], axis=1)
    rows["title"] = rows["title"].fillna(rows["recommended_episode_id"])
    rows["because"] = [recommendations.why(one) for one in found]
    columns = ["rank", "title", "score", "reason", "because", *SOURCES, "recommended_episode_id", "user_id"]
    return Figure(rows[[*columns, "model_version"]], found[0].get("generated_at"))


def by_listening(stores: Stores, user_id: str, n: int) -> Figure:
    """What ALS alone would recommend: `rank`, `title`, `score`, `episode_id`; of anybody where the user has none."""
    for asked in (user_id, recommendations.ANYONE):
        found = stores.served.by_listening(asked, n)
        if not found.empty:
            rows = found.rename(columns={"new_episode_id": "episode_id", "als_score": "score"})
            return Figure(_titled(stores, rows)[["rank", "title", "score", "episode_id"]], _generated_at(found))
    raise NothingToServeError("ALS has made no recommendations yet: run `reclake demo`, or `reclake run listening`.")


def by_text(stores: Stores, user_id: str, n: int) -> Figure:
    """What is nearest by text to any episode that the user likes: `rank`, `title`, `score` (cosine), `episode_id`."""
    rows = stores.lake.rows(
        f"""
        WITH liked AS (
            SELECT new_episode_id AS episode_id FROM {tables.daily_engagement} WHERE user_id = $user_id
            GROUP BY new_episode_id HAVING sum(engagement) > 0
        ), heard AS (
            SELECT DISTINCT new_episode_id AS episode_id FROM {tables.daily_engagement} WHERE user_id = $user_id
        ), near AS (
            SELECT similar_episode_id AS episode_id, max(similarity) AS score
            FROM {tables.text_similarities} WHERE episode_id IN (SELECT episode_id FROM liked) GROUP BY 1
        )
        SELECT row_number() OVER (ORDER BY score DESC, near.episode_id) AS rank,
               coalesce(title, near.episode_id) AS title, score, near.episode_id
        FROM near LEFT JOIN {tables.episodes} AS e ON e.episode_id = near.episode_id
        WHERE near.episode_id NOT IN (SELECT episode_id FROM heard)
        ORDER BY rank LIMIT $n
        """,  # noqa: S608 - names of the catalogue
        user_id=user_id,
        n=n,
    )
    return Figure(rows, stores.lake.written_at(tables.text_similarities))


def history(stores: Stores, user_id: str) -> Figure:
    """The newest events of a user: `ts`, `event`, `title`, `seconds`, `rating`, `episode_id`."""
    rows = stores.lake.rows(
        f"""
        SELECT ts, event, coalesce(title, new_episode_id) AS title, listened_seconds AS seconds, rating,
               new_episode_id AS episode_id
        FROM (
            SELECT * FROM {tables.user_events} WHERE user_id = $user_id ORDER BY ts DESC LIMIT {MOST_EVENTS}
        ) AS newest
        LEFT JOIN {tables.episodes} AS e ON e.episode_id = new_episode_id
        ORDER BY ts DESC
        """,  # noqa: S608
        user_id=user_id,
    )
    until = rows["ts"].iloc[0].to_pydatetime() if len(rows) else None
    return Figure(rows, stores.lake.written_at(tables.user_events), until)


def similar(stores: Stores, episode_id: str, n: int) -> Figure:
    """What is like an episode, by listening and by text: `by`, `rank`, `title`, `similarity`, `episode_id`."""
    found = stores.served.like_episode(episode_id, n)
    listening = found.rename(columns={"similar_episode_id": "episode_id"})
    if not listening.empty:
        listening = _titled(stores, listening).assign(by="listening")
    text = stores.lake.rows(
        f"""
        SELECT 'text' AS by, s.rank, coalesce(title, similar_episode_id) AS title, similarity,
               similar_episode_id AS episode_id
        FROM {tables.text_similarities} AS s LEFT JOIN {tables.episodes} AS e ON e.episode_id = similar_episode_id
        WHERE s.episode_id = $episode_id AND s.rank <= $n ORDER BY s.rank
        """,  # noqa: S608
        episode_id=episode_id,
        n=n,
    )
    columns = ["by", "rank", "title", "similarity", "episode_id"]
    parts = [part[columns] for part in (listening, text) if not part.empty]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return Figure(rows, _generated_at(found) or stores.lake.written_at(tables.text_similarities))


def title_of(stores: Stores, episode_id: str) -> str:
    """The title of an episode; its id where there is none."""
    return str(_titled(stores, pd.DataFrame({"episode_id": [episode_id]}))["title"].iloc[0])


def _titled(stores: Stores, rows: pd.DataFrame) -> pd.DataFrame:
    """Add `title`, from the lakehouse; the id where there is none, or no lakehouse."""
    ids = {f"id{number}": str(one) for number, one in enumerate(rows["episode_id"])}
    titles = pd.Series(dtype=object)
    with suppress(RecLakeError):
        titles = stores.lake.rows(
            f"SELECT episode_id, title FROM {tables.episodes} WHERE episode_id IN "  # noqa: S608 - ids are bound
            f"({', '.join(f'${name}' for name in ids)})",
            **ids,
        ).set_index("episode_id")["title"]
    return rows.assign(title=rows["episode_id"].map(titles).fillna(rows["episode_id"]))


def _generated_at(found: pd.DataFrame) -> pd.Timestamp | None:
    return None if found.empty or "generated_at" not in found else found["generated_at"].max().to_pydatetime()
