"""The champion among models of sessions: its table holds rows, those of the others hold none."""

from __future__ import annotations

from pyspark.sql import functions as F

from gold.engines.stamps import configuration_in, replace_stamped
from gold.shop.factors import SessionFactors
from gold.shop.item_item import ItemItem
from gold.shop.model import SessionModel
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.tables import Table

UNTRAINED = "popularity"
"""The version of recommendations that no model took part in."""


def install(lake: Lakehouse, model: SessionModel, version: str) -> None:
    """Write a model, and leave the tables of the others without rows.

    While both tables have rows, for a moment or after a crash, factors serve: they are written before neighbours go,
    and go after neighbours are written.
    """
    match model:
        case SessionFactors():
            told = F.lit(model.configuration.model_dump_json())
            stamped = model.items.withColumns({"model_version": F.lit(version), "configuration": told})
            lake.replace(tables.session_item_factors, stamped)
            _empty(lake, tables.session_item_item)
        case ItemItem():
            replace_stamped(lake, tables.session_item_item, model.neighbours, version)
            _empty(lake, tables.session_item_factors)
        case _:
            _empty(lake, tables.session_item_item)
            _empty(lake, tables.session_item_factors)


def champion_model(lake: Lakehouse) -> tuple[SessionModel | None, str]:
    """Read the model that serves and its version; no model where popularity has won, or before any training.

    Raises
    ------
    NothingToServeError
        The factors were written by a version of RecLake that knew other configurations.
    """
    factors, neighbours = (lake.read(t) for t in (tables.session_item_factors, tables.session_item_item))
    fitted = factors.select("configuration", "model_version").first()
    if fitted is not None:
        configuration = configuration_in(fitted, tables.session_item_factors, "shop")
        return SessionFactors(factors.select("item_id", "factors"), configuration), fitted["model_version"]
    found = neighbours.select("model_version").first()
    return (ItemItem(neighbours), found["model_version"]) if found is not None else (None, UNTRAINED)


def _empty(lake: Lakehouse, table: Table) -> None:
    if not lake.read(table).isEmpty():
        lake.replace(table, few_rows(lake.spark, [], table.schema))
