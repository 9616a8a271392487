"""Dynamic value references: the `{{...}}` of a job's definition, filled in when a task starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakehouse.errors import JobDefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OF_JOB = ("job.name", "job.run_id")
OF_TASK = (*OF_JOB, "task.name")

_REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def references(text: str) -> list[str]:
    """List what a text refers to.

    Examples
    --------
    >>> references("s3://{{job.parameters.bucket}}/{{ job.run_id }}")
    ['job.parameters.bucket', 'job.run_id']
    """
    return _REFERENCE.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each reference of a text by its value.

    Examples
    --------
    >>> fill("{{job.parameters.layer}}_checks", {"job.parameters.layer": "gold"})
    'gold_checks'
    """
    return _REFERENCE.sub(lambda part: values[part[1]], text)


def require_known(texts: Iterable[str], known: Iterable[str], where: str) -> None:
    """Check that every reference in `texts` is one of `known`.

    Raises
    ------
    JobDefinitionError
        A reference cannot be filled by the local runner.
    """
    known = sorted(known)
    for text in texts:
        for reference in references(text):
            if reference not in known:
                raise JobDefinitionError(
                    f"{where}: the local runner does not know {{{{{reference}}}}} here; it knows {', '.join(known)}."
                )
