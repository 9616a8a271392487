"""Export: served tables become collections of the document store, each replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake import document_store, tables
from reclake.errors import TaskParameterError
from reclake.lake import Lakehouse
from reclake.tables import Table
from reclake.task import task


@dataclass(frozen=True)
class Served:
    """How a table is served: documents of one `owner` ordered by `rank`.

    Attributes
    ----------
    titles : mapping
        The column that a title is added as, to the column of its episode.
    """

    table: Table
    owner: str
    titles: Mapping[str, str]


COLLECTIONS = {
    "final_recommendations": Served(
        tables.final_recommendations, owner="user_id", titles={"because_title": "because_episode_id"}
    ),
    "als_top_n": Served(
        tables.als_top_n, owner="user_id", titles={"title": "new_episode_id", "because_title": "because_episode_id"}
    ),
    "als_item_item": Served(tables.als_item_item, owner="new_episode_id", titles={"title": "similar_episode_id"}),
}


@task
def export(lake: Lakehouse, collection: str) -> None:
    """Replace a collection when its table or the titles have changed, or when the store does not have it.

    Raises
    ------
    TaskParameterError
        No table is served under that name.
    ServiceError
        The store cannot be reached.
    """
    served = COLLECTIONS.get(collection)
    if served is None:
        raise TaskParameterError(f"No table is served as {collection!r}. Known: {', '.join(COLLECTIONS)}.")
    with document_store.connect(lake.settings) as database:
        gone = collection not in database.list_collection_names()
        for _ in lake.news(f"export {collection}", served.table, tables.episodes, always=gone):
            rows = with_titles(lake.read(served.table), lake.read(tables.episodes), served.titles)
            document_store.replace_collection(
                database, collection, documents(rows, served.owner), index=(served.owner, "rank")
            )


def with_titles(rows: DataFrame, episodes: DataFrame, titles: Mapping[str, str]) -> DataFrame:
    """Add titles of episodes; null where the episode is not known.

    Parameters
    ----------
    titles : mapping
        As in `Served`.
    """
    for title, episode in titles.items():
        known = episodes.select(F.col("episode_id").alias(episode), F.col("title").alias(title))
        rows = rows.join(known, episode, "left")
    return rows


def documents(rows: DataFrame, owner: str) -> Iterator[dict[str, Any]]:
    """Stream rows as documents; `_id` is the rank and the owner, which identify a row of one snapshot."""
    for row in rows.toLocalIterator(prefetchPartitions=True):
        yield {"_id": f"{row['rank']}:{row[owner]}", **row.asDict()}
