"""Entities: what `&amp;` and its like stand for, in texts that somebody escaped once too often."""

from __future__ import annotations

import html
import re

# With its semicolon: without, `R&notes` would be `R¬es`. No longer than characters have numbers and names.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def unescaped(text: str) -> str:
    """Put characters in place of their entities, those that were escaped twice included.

    Examples
    --------
    >>> unescaped("Q&amp;A &#45; R&notes, caf&amp;eacute;")
    'Q&A - R&notes, café'
    """
    for _ in range(2):
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return text
