"""Markdown: tables, and text that stands in one."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, with an empty line after it.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "2"]]).strip())
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    first, *others = (f"| {' | '.join(line)} |" for line in (header, *rows))
    return "\n".join([first, f"|{'---|' * len(header)}", *others, ""])


def cell(text: str) -> str:
    r"""Text as it may stand in a table.

    Examples
    --------
    >>> cell("a | b")
    'a \\| b'
    """
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("{", "&#123;")
