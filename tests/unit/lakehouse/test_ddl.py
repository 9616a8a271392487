"""The statements of Unity Catalog, word by word: open-source Spark knows neither its keys nor its tags."""

import pytest

from lakehouse import tables
from lakehouse.ddl import creation, tagging

NAME = "`main`.`silver`.`daily_engagement`"


def test_unity_catalog_is_told_the_key_and_what_everything_is():
    assert creation("`main`.`gold`.`user_ids`", tables.user_ids, "1a", folder=None) == (
        "CREATE TABLE IF NOT EXISTS `main`.`gold`.`user_ids` "
        "(`id` string NOT NULL COMMENT 'user_id', `idx` int COMMENT 'dense number, never reused', PRIMARY KEY (`id`)) "
        "USING delta COMMENT 'A dense number for each user_id, which models count by.' "
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'true', "
        "'delta.logRetentionDuration' = 'interval 30 days', "
        "'delta.deletedFileRetentionDuration' = 'interval 30 days', 'reclake.identity' = '1a')"
    )


def test_a_folder_has_no_key_because_only_unity_catalog_knows_keys():
    statement = creation(NAME, tables.daily_engagement, "1a", folder="/home/anna's lake/silver")

    assert "PRIMARY KEY" not in statement
    assert r"USING delta LOCATION '/home/anna\'s lake/silver' CLUSTER BY (`day`) COMMENT '" in statement


def test_personal_columns_are_tagged_and_so_is_their_table():
    assert tagging("`main`.`silver`.`sessions`", tables.sessions) == [
        "ALTER TABLE `main`.`silver`.`sessions` ALTER COLUMN `owner` SET TAGS ('personal_data' = 'true')",
        "ALTER TABLE `main`.`silver`.`sessions` ALTER COLUMN `user_id` SET TAGS ('personal_data' = 'true')",
        "ALTER TABLE `main`.`silver`.`sessions` SET TAGS ('personal_data' = 'true')",
    ]
    assert tagging("`main`.`silver`.`episodes`", tables.episodes) == []


@pytest.mark.parametrize("table", tables.ALL, ids=str)
def test_each_table_says_what_it_holds_and_whose_data_that_is(table):
    assert table.comment.endswith(".")
    assert set(table.personal) >= {"user_id"} & set(table.names)
    assert set(table.personal) <= set(table.names)
    for field in table.schema:
        assert field.nullable is (field.name not in table.key)
        assert field.metadata["comment"]
