"""Refinement: how the records of a bronze table become rows of a silver table, or go to the quarantine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.tables import Table
from silver.records import flawless, parsed, rejected


@dataclass(frozen=True)
class Refinement:
    """What becomes of the records of a bronze table.

    Attributes
    ----------
    judged : callable
        Rows of `source`, parsed and checked: with `record` and `fault`.
    keyed : callable
        Of rows of `source` their key, and the key of the row of `target` that each one tells if it was found good, with
        the column that `target` is clustered by and those that `holds` names.
    keep : callable
        Write what rows without a fault tell into `target`; doing so twice is doing it once.
    holds : str
        SQL over `record` and `target`: when the row under the key of a record is no older than the record.
    unit : str, optional
        A column of `source` whose rows can only be judged together, such as those of a file.
    is_told : str
        SQL over `source`: whether a record counts (still).
    """

    source: Table
    target: Table
    judged: Callable[[Lakehouse, DataFrame], DataFrame]
    keyed: Callable[[Lakehouse, DataFrame], DataFrame]
    keep: Callable[[Lakehouse, DataFrame, Scratch], None]
    holds: str = "true"
    unit: str | None = None
    is_told: str = "true"

    @property
    def consumer(self) -> str:
        """Whose progress says how far `source` was read."""
        return self.target.name

    @property
    def makes(self) -> Sequence[Table]:
        """What becomes of `source`: one that is dropped is filled again.

        Nothing leaves them because `source` no longer has it: bronze may forget what silver keeps.
        """
        return self.target, tables.quarantine

    def whole(self, lake: Lakehouse, rows: DataFrame) -> DataFrame:
        """Rows of `source` with all that has to be judged together with them, as far as it counts."""
        if self.unit:
            rows = lake.read(self.source, among=rows.select(self.unit).distinct())
        return rows.where(self.is_told)


def judging(
    fields: Sequence[str], checked: Callable[[DataFrame], DataFrame]
) -> Callable[[Lakehouse, DataFrame], DataFrame]:
    """How records of JSON are judged: `checked` gets them parsed, see `Refinement.judged`."""

    def judged(lake: Lakehouse, rows: DataFrame) -> DataFrame:
        return checked(parsed(rows, fields, lake.settings.max_value_bytes))

    return judged


def keying(
    source: Table, fields: Sequence[str], typed: Callable[..., DataFrame], columns: Sequence[str]
) -> Callable[[Lakehouse, DataFrame], DataFrame]:
    """Which `columns` of its row a record of JSON tells, whatever rules judged it; see `Refinement.keyed`."""

    def keyed(_: Lakehouse, rows: DataFrame) -> DataFrame:
        return typed(parsed(rows, fields), *source.key).select(*source.key, *columns)

    return keyed


def take(lake: Lakehouse, refinement: Refinement, rows: DataFrame) -> None:
    """Take rows of a bronze table that are new into silver, and into the quarantine what cannot be used."""
    with scratch_folder(lake) as scratch:
        # Written once, because every merge reads its source several times.
        judged = scratch("judged", refinement.judged(lake, rows))
        lake.append_new(tables.quarantine, rejected(judged, refinement.source))
        refinement.keep(lake, flawless(judged), scratch)
