"""The table catalogue: every table's layer, name, columns, key and clustering, named once.

Everything else refers to these objects; `lake.py` turns them into Delta tables of the target. What the `__all__` of a
layer lists is in the catalogue, and nothing else can be had from here.
"""

from lakehouse.tables import bronze, gold, ops, silver
from lakehouse.tables.bronze import *
from lakehouse.tables.bronze import RAW as RAW
from lakehouse.tables.bronze import RAW_BY_TOPIC as RAW_BY_TOPIC
from lakehouse.tables.gold import *
from lakehouse.tables.ops import *
from lakehouse.tables.silver import *
from lakehouse.tables.table import ENGAGEMENT as ENGAGEMENT
from lakehouse.tables.table import MONEY as MONEY
from lakehouse.tables.table import MONEY_SUM as MONEY_SUM
from lakehouse.tables.table import Table as Table

ALL: tuple[Table, ...] = tuple(getattr(layer, name) for layer in (bronze, silver, gold, ops) for name in layer.__all__)
