"""The quarantine: what was refused, how often, since when, and the records themselves."""

from __future__ import annotations

from lakehouse import tables
from serving.reading.figure import Figure
from serving.reading.queries.quality import readable
from serving.reading.stores import Stores

LONGEST_TEXT = 300
"""Characters of a detail that are shown."""


def reasons(stores: Stores, source: str = "") -> Figure:
    """Refused records by source and reason: `source`, `reason`, `records`, `first_at`, `last_at`, `detail`.

    The times are of their arrival in bronze, the detail is that of the newest one, with nothing hidden in it.
    """
    rows = stores.lake.rows(
        f"""
        SELECT source, reason, count(*) AS records, min(quarantined_at) AS first_at, max(quarantined_at) AS last_at,
               max_by(detail, quarantined_at) AS detail
        FROM {tables.quarantine} WHERE $source IN ('', source)
        GROUP BY source, reason ORDER BY source, records DESC, reason
        """,  # noqa: S608
        source=source,
    )
    rows["detail"] = [_shown(detail) for detail in rows["detail"]]
    return Figure(rows, stores.lake.written_at(tables.quarantine))


def records(stores: Stores, source: str, reason: str, position: str, n: int, num_bytes: int) -> Figure:
    """The newest refused records: `position`, `reason`, `detail`, `quarantined_at`, `value`, `num_bytes` of that.

    Parameters
    ----------
    reason, position : str
        Empty: any.
    num_bytes : int
        Bytes of a value that are shown, with nothing hidden in them.
    """
    rows = stores.lake.rows(
        f"""
        SELECT position, reason, detail, quarantined_at, octet_length(value) AS num_bytes,
               substr(hex(value), 1, $digits) AS value
        FROM {tables.quarantine}
        WHERE source = $source AND $reason IN ('', reason) AND $position IN ('', position)
        ORDER BY quarantined_at DESC, position LIMIT $n
        """,  # noqa: S608
        source=source,
        reason=reason,
        position=position,
        digits=2 * num_bytes,
        n=n,
    )
    rows["value"] = [None if value is None else readable(bytes.fromhex(value)) for value in rows["value"]]
    rows["detail"] = [_shown(detail) for detail in rows["detail"]]
    rows["position"] = [_shown(position) for position in rows["position"]]
    return Figure(rows, stores.lake.written_at(tables.quarantine))


def _shown(text: str | None) -> str:
    return readable((text or "")[:LONGEST_TEXT].encode(errors="backslashreplace"))
