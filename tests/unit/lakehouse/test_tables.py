"""The catalogue: what is in it, and that nothing was forgotten."""

import pytest

from lakehouse import tables
from lakehouse.tables import Table, bronze, gold, ops, silver


@pytest.mark.parametrize(("layer", "name"), [(bronze, "bronze"), (silver, "silver"), (gold, "gold"), (ops, "ops")])
def test_a_layer_lists_every_table_that_it_declares(layer, name):
    declared = {of: value for of, value in vars(layer).items() if isinstance(value, Table)}

    assert declared.keys() == set(layer.__all__)
    assert {table.layer for table in declared.values()} == {name}


def test_the_catalogue_holds_each_table_once():
    assert len({str(table) for table in tables.ALL}) == len(tables.ALL)
    assert set(map(str, tables.RAW)) <= set(map(str, tables.ALL))
