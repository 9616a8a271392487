"""People: which clicks are theirs, and which are left out because their session is a bot's.

`is_bot` of `silver.sessions` is the only place that says so; whoever counts clicks or sessions asks here. A session
becomes a bot's long after its first clicks were counted, and a corrected click can make it two sessions of a person, so
a consumer of clicks follows the sessions as well: what was counted of a bot is counted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.changes import Changes
from lakehouse.lake import Lakehouse
from lakehouse.tables import Table
from silver.shop import neighbourhoods
from silver.shop.sessions import with_owner

C, S = tables.clickstream_events.c, tables.sessions.c


def is_persons() -> Column:
    """A condition on sessions: a person's, not a bot's."""
    return ~F.col(S.is_bot)


def of_people(events: DataFrame, sessions: DataFrame) -> DataFrame:
    """Leave out the clicks of bots.

    Parameters
    ----------
    events : DataFrame
        Rows of `silver.clickstream_events`.
    sessions : DataFrame
        Rows of `silver.sessions`, at least those of bots that the events may belong to.
    """
    bots = sessions.where(~is_persons()).select(F.col(S.owner).alias("bot"), S.started_at, S.ended_at)
    is_bots = (F.col(S.owner) == F.col("bot")) & F.col(C.timestamp).between(F.col(S.started_at), F.col(S.ended_at))
    # More than `session_most_events` clicks stand behind each row, so that the bots are few beside them.
    return with_owner(events).join(F.broadcast(bots), is_bots, "left_anti").drop(S.owner)


@dataclass(frozen=True)
class Clicks:
    """What a consumer has not read yet: clicks that changed, and sessions; `bots` are the changed ones of bots."""

    lake: Lakehouse
    clicks: Changes | None
    sessions: Changes | None
    bots: DataFrame | None

    @property
    def is_whole(self) -> bool:
        """Whether all of it may have changed, so that all clicks are new and what was made of them is touched."""
        return self.clicks is not None and self.clicks.is_whole

    def touched(self, *columns: str) -> DataFrame:
        """Distinct values of `columns` over clicks that changed, and over all of sessions that were or are a bot's."""
        found = [self.clicks.touched(*columns)] if self.clicks else []
        if self.bots is not None:
            found.append(self._clicks_of(self.bots).select(*columns))
        return reduce(DataFrame.union, found).distinct()

    def of_people(self, among: DataFrame) -> DataFrame:
        """The clicks of people that agree with a row of `among`, which has their `day`; see `Lakehouse.read`."""
        days = [row[C.day] for row in among.select(C.day).distinct().collect()]
        sessions = self.lake.read(tables.sessions).where(neighbourhoods.meets_days(days))
        return of_people(self.lake.read(tables.clickstream_events, among), sessions)

    def commit(self) -> None:
        """Note that the consumer has read these changes, after its last write."""
        for read in (self.clicks, self.sessions):
            if read:
                read.commit()

    def _clicks_of(self, sessions: DataFrame) -> DataFrame:
        days = neighbourhoods.days_of(sessions)
        events = self.lake.read(tables.clickstream_events, among=days.select(C.day).distinct())
        return neighbourhoods.within(with_owner(events), days)


def changed_clicks(lake: Lakehouse, consumer: str, into: Table, by: object = None) -> Clicks | None:
    """What changed of the clicks, and of whose they are, since `consumer` last committed; none when nothing did.

    Parameters
    ----------
    into, by
        As in `Lakehouse.changes`.
    """
    of_clicks, of_sessions = tables.clickstream_events, tables.sessions
    clicks, sessions = (lake.changes(table, consumer, [into], by) for table in (of_clicks, of_sessions))
    bots = None
    if sessions and sessions.is_whole:
        # Nobody knows which ones were a bot's before.
        clicks = lake.everything(of_clicks, consumer, [into], by)
    elif sessions and not (clicks and clicks.is_whole):
        # Every image of a session, so that one that is no bot's any longer is found as well.
        found = sessions.feed.where(~is_persons())
        if not found.isEmpty():
            stretch = F.col(S.started_at).alias("since"), F.col(S.ended_at).alias("until")
            bots = found.select(S.owner, *stretch).distinct()
    new = Clicks(lake, clicks, sessions, bots)
    if clicks is None and bots is None:
        new.commit()
        return None
    return new
