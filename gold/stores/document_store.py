"""Export: served tables become collections of the document store, each replaced as a whole."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import document_store, tables
from lakehouse.errors import TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.services import no_document_store
from lakehouse.tables import Table
from lakehouse.task import task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exported:
    """How a table is exported.

    Attributes
    ----------
    key : tuple of str
        The fields that identify a document, in the order in which they are looked up: whose it is, then its rank.
    titles : mapping
        The column that a title is added as, to the column of its episode.
    """

    table: Table
    key: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Table, ...]:
        """The tables that documents are made from."""
        return (self.table, tables.episodes) if self.titles else (self.table,)


COLLECTIONS = {
    "final_recommendations": Exported(
        tables.final_recommendations, ("user_id", "rank"), titles={"because_title": "because_episode_id"}
    ),
    "als_top_n": Exported(
        tables.als_top_n,
        ("user_id", "rank"),
        titles={"title": "new_episode_id", "because_title": "because_episode_id"},
    ),
    "als_item_item": Exported(tables.als_item_item, ("new_episode_id", "rank"), titles={"title": "similar_episode_id"}),
    "session_recommendations": Exported(tables.session_recommendations, ("session_id", "rank")),
    "user_profiles": Exported(tables.user_profiles, ("user_id",)),
}


@task
def export(lake: Lakehouse, collection: str) -> None:
    """Replace a collection when its table or the titles have changed, or when the store lost it.

    A table that nothing was ever written to is served by nobody: a shop may know none of its shoppers. Where there is
    no document store, nothing is committed, so that all of it is exported once there is one.

    Raises
    ------
    TaskParameterError
        No table is served under that name.
    ServiceError
        The store cannot be reached.
    """
    exported = COLLECTIONS.get(collection)
    if exported is None:
        raise TaskParameterError(f"No table is served as {collection!r}. Known: {', '.join(COLLECTIONS)}.")
    if lacking := no_document_store(lake.settings):
        log.warning("%s, so %s stays in %s alone.", lacking, collection, exported.table)
        return
    consumer = f"export {collection}"
    with document_store.connect(lake.settings) as database:
        gone = collection not in database.list_collection_names()
        if gone:
            lake.progress.forget(consumer)
        if news := lake.news(consumer, *exported.sources):
            rows = lake.read(exported.table)
            if gone and rows.isEmpty():
                log.info("there is nothing to serve as %s yet", collection)
            else:
                titled = with_titles(rows, lake.read(tables.episodes), exported.titles) if exported.titles else rows
                document_store.replace_collection(
                    database, collection, documents(titled, exported.key), index=exported.key
                )
            news.commit()


def with_titles(rows: DataFrame, episodes: DataFrame, titles: Mapping[str, str]) -> DataFrame:
    """Add titles of episodes; null where the episode is not known.

    Parameters
    ----------
    titles : mapping
        As in `Exported`.
    """
    for title, episode in titles.items():
        known = episodes.select(F.col("episode_id").alias(episode), F.col("title").alias(title))
        rows = rows.join(known, episode, "left")
    return rows


def documents(rows: DataFrame, key: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Stream rows as documents; `_id` is made of the key, backwards, because a rank never holds a colon.

    Decimals become doubles, which is what applications compute with.
    """
    decimals = [name for name, kind in rows.dtypes if kind.startswith("decimal")]
    plain = rows.withColumns({name: F.col(name).cast("double") for name in decimals}) if decimals else rows
    for row in plain.toLocalIterator(prefetchPartitions=True):
        yield {"_id": ":".join(str(row[name]) for name in reversed(key)), **row.asDict(recursive=True)}
