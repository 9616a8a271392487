"""Jars come from Maven, and only those that are locked are used."""

import pytest

from lakehouse.errors import ServiceError
from lakehouse.services.jars import fetched

SMALL = "org.slf4j:slf4j-simple:1.7.36"
SHA256 = "2f39bed943d624dfa8f4102d0571283a10870b6aa36f197a8a506f147010c10f"


def test_a_jar_is_fetched_and_a_damaged_one_is_replaced(tmp_path):
    (jar,) = fetched({SMALL: SHA256}, tmp_path)
    size = jar.stat().st_size
    jar.write_bytes(jar.read_bytes()[:100])

    assert fetched({SMALL: SHA256}, tmp_path) == [jar]
    assert jar.stat().st_size == size
    assert {path.name for path in tmp_path.iterdir()} == {jar.name, ".lock"}


def test_a_jar_with_another_checksum_is_refused_and_not_kept(tmp_path):
    with pytest.raises(ServiceError, match=f"{SMALL} from Maven does not have the SHA-256"):
        fetched({SMALL: "0" * 64}, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_jar_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ServiceError, match=r"slf4j-simple;9\.9\.9 could not be fetched from Maven"):
        fetched({"org.slf4j:slf4j-simple:9.9.9": SHA256}, tmp_path)
