"""A frame of rows that this process holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType


def few_rows(spark: SparkSession, rows: Sequence[tuple[object, ...]], schema: StructType | str) -> DataFrame:
    """Make a frame of a few rows, as a part of the plan.

    `createDataFrame` of a list does so on Spark Connect only: a classic session sends the list through Python workers,
    with every action anew, for which an empty task takes ten times as long.

    Parameters
    ----------
    rows : sequence of tuple
        A value for each column; times are UTC.
    schema : StructType or str
        Columns, or their DDL.
    """
    columns = cast("StructType", StructType.fromDDL(schema)) if isinstance(schema, str) else schema
    records = [dict(zip(columns.names, row, strict=True)) for row in rows]
    frame: DataFrame = spark.createDataFrame(pa.Table.from_pylist(records, to_arrow_schema(columns)), columns)
    return frame
