"""Records: from received bytes to the text fields of a JSON object, or to the quarantine with a reason.

A fault is a struct of `reason` (machine-readable) and `detail`, null where nothing is wrong. The first rule that a
record breaks names its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, auto

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from lakehouse.events import CONTROLS, EDGES, NO_IDS
from lakehouse.tables import Table

LONGEST_ID = 256
"""Characters of an id; longer ones are somebody's mistake or attack."""

LARGEST = 2**31 - 1
"""Bytes that a value can have at all."""

YEAR = r"(19[7-9]\d|2[01]\d\d)"
"""Years that a time can be of: what software writes that knows none, such as `0001-01-01`, is no time."""
_TIME = rf"^{YEAR}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{{1,9}})?)?(Z|[+-]\d\d:?\d\d)?$"
_END = "_end"
_EARLIEST_CLOCK = "TIMESTAMP '2000-01-01 00:00:00 UTC'"
"""Kafka is younger; what it says of earlier times is -1, which means none, or a producer's mistake."""


class Reason(StrEnum):
    """Why a record may be in quarantine."""

    ABSURD_AMOUNT = auto()
    ABSURD_SECONDS = auto()
    BAD_NUMBER = auto()
    BAD_TIMESTAMP = auto()
    CLOCK_AHEAD = auto()
    EMPTY_VALUE = auto()
    MISSING_FIELD = auto()
    NEGATIVE_AMOUNT = auto()
    NEGATIVE_SECONDS = auto()
    NO_ID = auto()
    NOT_JSON = auto()
    OVERSIZED_ID = auto()
    OVERSIZED_VALUE = auto()
    RATING_OUT_OF_RANGE = auto()
    UNKNOWN_EVENT = auto()


def parsed(raw: DataFrame, fields: Sequence[str], max_bytes: int = LARGEST) -> DataFrame:
    """Add `record`, the named fields of the JSON object as text, and `fault`.

    Text, because a typed parser answers null for a missing field and for one of a wrong type alike. The value has to be
    one object and nothing behind it: a parser that has read an object does not look further, so it is given an array of
    the value and of a mark, and has to find these two.

    Parameters
    ----------
    raw : DataFrame
        Rows of a bronze table.
    max_bytes : int
        Larger values are not parsed at all.
    """
    schema = ArrayType(StructType([StructField(name, StringType()) for name in (*fields, _END)]))
    text = F.when(F.length("value") <= max_bytes, F.col("value").cast("string"))
    found = _once(F.from_json(F.concat(F.lit("["), text, F.lit(f',{{"{_END}":""}}]')), schema))
    record, mark = F.try_element_at("found", F.lit(1)), F.try_element_at("found", F.lit(2))
    is_object = (
        F.trim(text).startswith("{") & (F.size("found") == 2) & record.isNotNull() & mark.getField(_END).isNotNull()
    )
    faults = raw.withColumn("found", found).withColumn(
        "fault",
        first_fault(
            broken(F.col("value").isNull(), Reason.EMPTY_VALUE, F.lit("no value")),
            broken(
                F.length("value") > max_bytes,
                Reason.OVERSIZED_VALUE,
                F.concat(F.length("value").cast("string"), F.lit(f" bytes, at most {max_bytes}")),
            ),
            broken(~F.is_valid_utf8(F.col("value")), Reason.NOT_JSON, F.lit("not UTF-8")),
            broken(~F.coalesce(is_object, F.lit(False)), Reason.NOT_JSON, F.lit("not a JSON object")),
        ),
    )
    return faults.withColumn("record", record).drop("found")


def checked(rows: DataFrame, *rules: Column) -> DataFrame:
    """Let `rules` (see `broken`) find a fault in records that have none yet."""
    return rows.withColumn("fault", _once(first_fault(F.col("fault"), *rules)))


def flawless(rows: DataFrame) -> DataFrame:
    """The rows without a fault."""
    return rows.where(F.col("fault").isNull())


def rejected(rows: DataFrame, source: Table) -> DataFrame:
    """The rows with a fault, as rows of `silver.quarantine`."""
    *place, at = places(source)
    return rows.where(F.col("fault").isNotNull()).select(*place, "value", "fault.reason", "fault.detail", at)


def places(source: Table) -> tuple[Column, ...]:
    """Where rows of a bronze table are found in `silver.quarantine`, if they are there: its key and clustering."""
    return (
        F.lit(str(source)).alias("source"),
        F.concat_ws("/", *source.key).alias("position"),
        F.col("ingested_at").alias("quarantined_at"),
    )


def origins(quarantined: DataFrame, source: Table) -> DataFrame:
    """Where rows of `silver.quarantine` are found in their bronze table: its key, and `ingested_at`."""
    parts = F.split("position", "/")
    key = (F.try_element_at(parts, F.lit(number)) for number in range(1, len(source.key) + 1))
    return quarantined.where(F.col("source") == str(source)).select(
        *(part.try_cast(source.schema[name].dataType).alias(name) for name, part in zip(source.key, key, strict=True)),
        F.col("quarantined_at").alias("ingested_at"),
    )


def broken(condition: Column, reason: Reason, detail: Column) -> Column:
    """A rule: a fault where `condition` holds, null elsewhere."""
    return F.when(condition, F.struct(F.lit(reason.value).alias("reason"), detail.alias("detail")))


def first_fault(*faults: Column) -> Column:
    """The first fault that is not null."""
    return F.coalesce(*faults)


def missing(*fields: str) -> Column:
    """A rule: the first of `fields` that is absent, null or blank."""
    return first_fault(
        *(
            broken(F.trim(F.coalesce(field(name), F.lit(""))) == "", Reason.MISSING_FIELD, F.lit(name))
            for name in fields
        )
    )


def no_id(*fields: str) -> Column:
    """A rule: the first of `fields` that says something, but no id, such as `undefined`."""
    return first_fault(
        *(broken(field(name).isNotNull() & identifier(name).isNull(), Reason.NO_ID, excerpt(name)) for name in fields)
    )


def too_long(*fields: str) -> Column:
    """A rule: the first of `fields` that is longer than an id may be."""
    return first_fault(
        *(broken(F.length(identifier(name)) > LONGEST_ID, Reason.OVERSIZED_ID, F.lit(name)) for name in fields)
    )


def field(name: str) -> Column:
    """A field of the parsed record, as text."""
    return F.col(f"record.{name}")


def identifier(name: str) -> Column:
    """A field as an id, null where it is none: the rule of `lakehouse.events.identifier`."""
    stripped = F.btrim(F.translate(field(name), CONTROLS, ""), F.lit(EDGES))
    return F.when(~F.lower(stripped).isin(*sorted(NO_IDS)), stripped)


def number(name: str) -> Column:
    """A field as a finite double, null where it is none."""
    value = field(name).try_cast("double")
    return F.when(~F.isnan(value) & (F.abs(value) != float("inf")), value)


def instant(name: str) -> Column:
    """An ISO 8601 field as a timestamp (UTC where it names no zone), null where it is none from 1970 to 2199.

    A bare cast would also take `2024` or `12:30`, the latter as a time of the day of the run.
    """
    return F.when(field(name).rlike(_TIME), field(name).try_cast("timestamp"))


def ahead(name: str) -> Column:
    """A rule: a time in an ISO 8601 field more than an hour after Kafka's own timestamp of the record.

    A timestamp that is not set or absurd (before 2000, or later than the record was read) is no yardstick: then the
    time of reading is.
    """
    sent, read = F.col("timestamp"), F.col("ingested_at")
    yardstick = F.when(sent.between(F.expr(_EARLIEST_CLOCK), read), sent).otherwise(read)
    return broken(instant(name) - F.expr("INTERVAL 1 HOUR") > yardstick, Reason.CLOCK_AHEAD, excerpt(name))


def excerpt(name: str) -> Column:
    """The beginning of a field, to say in a detail what was wrong."""
    return F.concat(F.lit(f"{name}="), F.substring(field(name), 1, 100))


def _once(value: Column) -> Column:
    """Compute a value once per row: the optimizer, which copies expressions into every use, stops at a generator."""
    return F.explode(F.array(value))
