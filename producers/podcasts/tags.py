"""Language tags, as feeds and transcripts declare them."""

from __future__ import annotations

import re

# Two letters, as the RSS specification lists them.
_DECLARED = re.compile(r"[a-z]{2}(-[a-z0-9]{2,8})*")


def tag_of(declared: str) -> str | None:
    """The tag that is declared, in lower case; none where it is none.

    Examples
    --------
    >>> [tag_of(declared) for declared in ("en_US", " DE ", "English", "")]
    ['en-us', 'de', None, None]
    """
    tag = normal(declared)
    return tag if _DECLARED.fullmatch(tag) else None


def primary(tag: str) -> str:
    """The language of a tag, whatever its region.

    Examples
    --------
    >>> primary("en-us")
    'en'
    """
    return tag.partition("-")[0]


def normal(tag: str) -> str:
    """A tag in lower case, its parts joined by hyphens."""
    return tag.strip().lower().replace("_", "-")
