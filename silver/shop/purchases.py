"""Purchases: the history that files tell, each purchase once, from however many files."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import HIGHEST_AMOUNT
from silver import records
from silver.records import YEAR, Reason, broken, excerpt, field, identifier, instant, number

P = tables.purchases.c
FIELDS = ("user_id", "item_id", "purchase_amount", "purchase_date")

_DAY = rf"^{YEAR}-\d\d-\d\d$"


def columns(setting: str) -> Mapping[str, str]:
    """Field to column, as the setting `purchases_columns` says where they differ.

    Examples
    --------
    >>> columns("user_id=customer, purchase_amount=total")["user_id"]
    'customer'
    """
    given = dict(entry.split("=", 1) for entry in setting.split(",") if entry.strip())
    named = {name.strip(): column.strip() for name, column in given.items()}
    return {name: named.get(name, name) for name in FIELDS}


def checked(parsed: DataFrame, names: Mapping[str, str]) -> DataFrame:
    """Find the first fault of each parsed row.

    Parameters
    ----------
    parsed : DataFrame
        `record` with the columns of the file as text, `fault`, `ingested_at`.
    names : mapping
        What `columns` returns.
    """
    renamed = F.struct(*(F.col("record").getField(column).alias(name) for name, column in names.items()))
    amount = number("purchase_amount")
    return records.checked(
        parsed.withColumn("record", renamed),
        records.missing(*FIELDS),
        records.no_id("user_id", "item_id"),
        records.too_long("user_id", "item_id"),
        broken(amount.isNull(), Reason.BAD_NUMBER, excerpt("purchase_amount")),
        broken(amount < 0, Reason.NEGATIVE_AMOUNT, excerpt("purchase_amount")),
        broken(amount > HIGHEST_AMOUNT, Reason.ABSURD_AMOUNT, excerpt("purchase_amount")),
        broken(_date().isNull(), Reason.BAD_TIMESTAMP, excerpt("purchase_date")),
        broken(_date() > F.date_add(F.to_date("ingested_at"), 1), Reason.CLOCK_AHEAD, excerpt("purchase_date")),
    )


def typed(accepted: DataFrame) -> DataFrame:
    """Give the fields their types and every purchase an id, and keep each purchase once."""
    return identified(accepted).drop("file_hash", "row").dropDuplicates([P.purchase_id])


def identified(accepted: DataFrame) -> DataFrame:
    """Give the fields of each row their types, and the id of the purchase that it tells.

    Equal rows of one file are different purchases; the n-th of them is the same as the n-th in any other file, so
    that a history that is exported again and again counts once.

    Returns
    -------
    DataFrame
        `file_hash`, `row` and the columns of `silver.purchases`.
    """
    fields = (P.user_id, P.item_id, P.purchase_amount, P.purchase_date)
    facts = accepted.select(
        "file_hash",
        "row",
        identifier("user_id").alias(P.user_id),
        identifier("item_id").alias(P.item_id),
        number("purchase_amount").cast(tables.MONEY).alias(P.purchase_amount),
        _date().alias(P.purchase_date),
    )
    number_among_equals = F.row_number().over(Window.partitionBy("file_hash", *fields).orderBy("row"))
    identity = F.sha2(F.to_json(F.struct(*fields, number_among_equals.alias("n"))), 256)
    return facts.withColumn(P.purchase_id, identity).select("file_hash", "row", P.purchase_id, *fields)


def _date() -> Column:
    text = field("purchase_date")
    return F.coalesce(F.when(text.rlike(_DAY), text.try_cast("date")), instant("purchase_date").cast("date"))
