"""Quality: what the gates found, what was refused and why, and how far events shift."""

from __future__ import annotations

import pandas as pd

from lakehouse import tables
from serving.reading.figure import Figure
from serving.reading.queries.now import Stream
from serving.reading.stores import Stores

MOST_CHECKS = 1_000
_SAMPLE_BYTES = 400


def gates(stores: Stores) -> Figure:
    """The newest checks: `table_name`, `checked_at`, `checks`, `critical`, `warnings`, `num_rows`, `result`."""
    rows = stores.lake.rows(
        f"""
        SELECT table_name, checked_at, count(*) AS checks, max(num_rows) AS num_rows,
               count(CASE WHEN NOT passed AND severity = 'critical' THEN 1 END) AS critical,
               count(CASE WHEN NOT passed AND severity = 'warning' THEN 1 END) AS warnings
        FROM {tables.quality_results} GROUP BY table_name, checked_at ORDER BY checked_at DESC LIMIT {MOST_CHECKS}
        """  # noqa: S608
    )
    rows["result"] = "passed"
    rows.loc[rows["warnings"] > 0, "result"] = "warning"
    rows.loc[rows["critical"] > 0, "result"] = "closed"
    return Figure(rows, stores.lake.written_at(tables.quality_results))


def failures(stores: Stores) -> Figure:
    """What did not hold, newest first: `checked_at`, `table_name`, `severity`, `expectation`, `observed`."""
    rows = stores.lake.rows(
        f"""
        SELECT checked_at, table_name, severity, expectation, observed FROM {tables.quality_results}
        WHERE NOT passed ORDER BY checked_at DESC, table_name LIMIT 200
        """  # noqa: S608
    )
    return Figure(rows, stores.lake.written_at(tables.quality_results))


def quarantine_over_time(stores: Stores) -> Figure:
    """Refused records by the hour that they reached bronze: `at`, `source`, `reason`, `records`."""
    rows = stores.lake.rows(
        f"""
        SELECT date_trunc('hour', quarantined_at) AS at, source, reason, count(*) AS records
        FROM {tables.quarantine} GROUP BY ALL ORDER BY 1 DESC, records DESC LIMIT 1000
        """  # noqa: S608
    )
    return Figure(rows, stores.lake.written_at(tables.quarantine))


def samples(stores: Stores, source: str, reason: str, n: int) -> Figure:
    """Refused records as they came: `quarantined_at`, `position`, `detail`, `value` (escaped where it is no text)."""
    rows = stores.lake.rows(
        f"""
        SELECT quarantined_at, position, detail, substr(hex(value), 1, {2 * _SAMPLE_BYTES}) AS value
        FROM {tables.quarantine} WHERE source = $source AND reason = $reason
        ORDER BY quarantined_at DESC, position LIMIT $n
        """,  # noqa: S608
        source=source,
        reason=reason,
        n=n,
    )
    rows["value"] = [None if value is None else readable(bytes.fromhex(value)) for value in rows["value"]]
    return Figure(rows, stores.lake.written_at(tables.quarantine))


def readable(value: bytes) -> str:
    r"""Text of bytes in which nothing is hidden: what is no printable character becomes an escape.

    Examples
    --------
    >>> readable(b"{\x00\xff}\n")
    '{\\x00\\xff}\\n'
    """
    text = value.decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def drift(stores: Stores, stream: Stream, days: int) -> Figure:
    """How far the newest days are from those before them.

    Returns
    -------
    Figure
        `day`, `feature`, `psi`, `level`, `num_events`, and `psi_by_chance`: of so few events where nothing has shifted.
    """
    of = tables.drift
    rows = stores.lake.rows(
        f"""
        SELECT day, feature, psi, level, num_events, psi_by_chance FROM {of} WHERE stream = $stream
          AND day > (SELECT max(day) FROM {of} WHERE stream = $stream) - CAST($days AS INT)
        ORDER BY day, feature
        """,  # noqa: S608
        stream=stream.name,
        days=days,
    )
    return Figure(rows, stores.lake.written_at(of))


def mix(stores: Stores, stream: Stream, days: int) -> Figure:
    """How events of a stream divide into types by day: `day`, `type`, `events`, `share`."""
    of = stream.table
    rows = stores.lake.rows(
        f"""
        SELECT day, {stream.type} AS type, count(*) AS events,
               count(*) / sum(count(*)) OVER (PARTITION BY day) AS share
        FROM {of} WHERE day > (SELECT max(day) FROM {of}) - CAST($days AS INT)
        GROUP BY day, {stream.type} ORDER BY day, type
        """,  # noqa: S608
        days=days,
    )
    rows["share"] = pd.to_numeric(rows["share"])
    return Figure(rows, stores.lake.written_at(of))
