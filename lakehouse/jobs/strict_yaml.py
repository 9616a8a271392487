"""YAML as the Databricks CLI reads it: what PyYAML would accept and the CLI refuses is an error here too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from lakehouse.errors import JobDefinitionError, said, shown

if TYPE_CHECKING:
    from pathlib import Path

_MERGE = "tag:yaml.org,2002:merge"


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    JobDefinitionError
        The file cannot be read, is no mapping, names a key twice, or merges a map that is written in place.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (it extends the safe loader)
    except RecursionError:
        raise JobDefinitionError(f"{file} cannot be read: it is nested too deeply, or within itself.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise JobDefinitionError(f"{file} cannot be read: {_why(error)}.") from None
    if not isinstance(content, dict):
        raise JobDefinitionError(f"{file} has to be a mapping.")
    return content


def _why(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return said(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {shown(error.problem or error.context or 'no YAML')}"


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key has to be text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
            # An alias is the node of its anchor, which stands before the key.
            in_place = isinstance(value, yaml.MappingNode) and value.start_mark.index > key.start_mark.index
            if key.tag == _MERGE and in_place:
                raise yaml.MarkedYAMLError(
                    problem="`<<` takes an alias or a list: the CLI does not merge a map that is written in place",
                    problem_mark=value.start_mark,
                )
        return node
