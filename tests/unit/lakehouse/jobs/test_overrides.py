"""What a target says otherwise: merged as `databricks bundle validate` shows it."""

import pytest

from lakehouse.errors import JobDefinitionError
from lakehouse.jobs.overrides import overridden


@pytest.mark.parametrize(
    ("base", "override", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1, "c": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}),
        ({"a": 1}, {"a": None}, {"a": 1}),
        ({"a": "${var.a}"}, {"a": 1}, {"a": 1}),
        ({"a": None}, {"a": [1]}, {"a": [1]}),
        (
            {"parameters": [{"name": "x", "default": "1"}, {"name": "y", "default": "1"}]},
            {"parameters": [{"name": "x", "default": "2"}, {"name": "z", "default": "2"}]},
            {
                "parameters": [
                    {"name": "x", "default": "2"},
                    {"name": "y", "default": "1"},
                    {"name": "z", "default": "2"},
                ]
            },
        ),
        (
            {"tasks": [{"task_key": "t", "depends_on": [{"task_key": "a"}], "max_retries": 1}]},
            {"tasks": [{"task_key": "t", "depends_on": [{"task_key": "b"}], "max_retries": 2}]},
            {"tasks": [{"task_key": "t", "depends_on": [{"task_key": "a"}, {"task_key": "b"}], "max_retries": 2}]},
        ),
    ],
)
def test_maps_merge_lists_join_and_elements_of_one_key_are_one(base, override, merged):
    assert overridden(base, override, "jobs", "here") == merged


def test_lists_of_other_resources_join():
    grants = [{"principal": "a"}]

    assert overridden({"grants": grants}, {"grants": grants}, "schemas", "here") == {"grants": grants * 2}


@pytest.mark.parametrize(
    ("base", "override", "message"),
    [
        ({"a": {"b": [1]}}, {"a": {"b": "x"}}, "here, a, b: a value cannot override a list"),
        ({"a": "${var.a}"}, {"a": [1]}, "here, a: a list cannot override a value"),
        ({"tasks": [{"task_key": "t", "a": 1}]}, {"tasks": [{"task_key": "t", "a": {}}]}, "here, t, a: a map cannot"),
    ],
)
def test_what_is_of_another_kind_is_refused(base, override, message):
    with pytest.raises(JobDefinitionError, match=message):
        overridden(base, override, "jobs", "here")
