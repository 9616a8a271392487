"""How clicks and purchases come from bronze to silver."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch
from silver.records import flawless, parsed, rejected
from silver.refinement import Refinement, judging, keying
from silver.shop import clicks, purchases
from silver.shop.history import with_history

R, P, Q = tables.raw_purchases.c, tables.purchases.c, tables.quarantine.c
_TOLD = f"{R.superseded_at} IS NULL"


def _keep_clicks(lake: Lakehouse, valid: DataFrame, scratch: Scratch) -> None:
    of, known = tables.clickstream_events, lake.version(tables.purchases)
    enriched = scratch("enriched", with_purchases(lake, clicks.IDENTITY.deduplicated(clicks.typed(valid))))
    lake.upsert(of, enriched, wins=clicks.IDENTITY.wins)
    # Purchases that came meanwhile, of which another run may have told all events but these.
    while (newest := lake.version(tables.purchases)) != known:
        known = newest
        stored = lake.read(of, among=enriched.select(*of.key))
        lake.upsert(of, scratch(f"corrected-{known}", with_purchases(lake, stored)))


def with_purchases(lake: Lakehouse, events: DataFrame) -> DataFrame:
    """Add to events what their shoppers had bought before, see `silver.shop.history`."""
    return with_history(events, lake.read(tables.purchases))


def _judged_purchases(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    names = purchases.columns(lake.settings.purchases_columns)
    fields = tuple(dict.fromkeys(names.values()))
    return purchases.checked(parsed(rows, fields, lake.settings.max_value_bytes), names)


def _key_of_purchase(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    # Of equal rows the n-th is another purchase, so what was not kept must not be counted.
    told = purchases.identified(flawless(_judged_purchases(lake, rows)))
    return told.select(*tables.raw_purchases.key, P.purchase_id, P.purchase_date)


def _keep_purchases(lake: Lakehouse, valid: DataFrame, scratch: Scratch) -> None:
    lake.append_new(tables.purchases, purchases.typed(valid))
    # As they stand now: a file may have changed while its rows were judged.
    files = scratch("files_kept", valid.select(R.file_hash).distinct())
    superseded = lake.read(tables.raw_purchases, among=files).where(f"NOT ({_TOLD})")
    if not superseded.isEmpty():
        take_back(lake, superseded, scratch)


def take_back(lake: Lakehouse, superseded: DataFrame, scratch: Scratch) -> None:
    """Remove what only rows said that no file says any longer, from purchases and from the quarantine.

    All rows that a file says are looked at, because any of them may tell the same purchase.
    """
    was_told = scratch("was_told", _judged_purchases(lake, superseded))
    keys = scratch("keys", purchases.typed(flawless(was_told)).select(P.purchase_id, P.purchase_date))
    told = flawless(_judged_purchases(lake, lake.read(tables.raw_purchases).where(_TOLD)))
    still = purchases.typed(told).join(keys.select(P.purchase_id), P.purchase_id, "left_semi")
    lake.refresh(tables.purchases, scratch("still", still), keys)
    unusable = rejected(was_told, tables.raw_purchases)
    lake.refresh(tables.quarantine, unusable.limit(0), unusable.select(*tables.quarantine.key, Q.quarantined_at))


CLICKS = Refinement(
    tables.raw_clickstream,
    tables.clickstream_events,
    judged=judging(clicks.FIELDS, clicks.checked),
    keyed=keying(tables.raw_clickstream, clicks.FIELDS, clicks.typed, tables.clickstream_events.key),
    keep=_keep_clicks,
)
PURCHASES = Refinement(
    tables.raw_purchases,
    tables.purchases,
    judged=_judged_purchases,
    keyed=_key_of_purchase,
    keep=_keep_purchases,
    unit=R.file_hash,
    is_told=_TOLD,
)
