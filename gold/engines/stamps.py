"""Stamps: what tables that serve say of where they come from, a configuration, a version and a time."""

from __future__ import annotations

from pydantic import ValidationError
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from lakehouse.errors import NothingToServeError
from lakehouse.lake import Lakehouse
from lakehouse.tables import Table


def configuration_in(row: Row, table: Table, job: str) -> Configuration:
    """Read the configuration that a row of factors carries.

    Parameters
    ----------
    job : str
        Which one makes the table anew.

    Raises
    ------
    NothingToServeError
        A version of RecLake that knew other configurations wrote it.
    """
    try:
        return Configuration.model_validate_json(row["configuration"] or "")
    except ValidationError:
        raise NothingToServeError(
            f"{table} was written by another version of RecLake. Drop it and run the job {job}, which then trains "
            "anew; what the store serves stays until then."
        ) from None


def replace_stamped(lake: Lakehouse, table: Table, rows: DataFrame, version: str) -> None:
    """Overwrite a table of recommendations, stamped with the version that made them and the time."""
    stamped = rows.withColumns({"model_version": F.lit(version), "generated_at": F.current_timestamp()})
    lake.replace(table, stamped)
