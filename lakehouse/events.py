"""What events of the topics may say: kinds, bounds and ids, for those who send, keep and show them."""

from __future__ import annotations

LISTENING, SHOP = "listening", "shop"
"""The streams, as figures name them."""

LISTENING_EVENTS = ("like", "pause", "skip", "rate", "complete")
LONGEST_PAUSE_SECONDS = 86_400
LOWEST_RATING, HIGHEST_RATING = 0.5, 5.0

CLICK_EVENTS = ("view", "click", "add_to_cart", "purchase")
HIGHEST_AMOUNT = 1_000_000
"""Of a price or a purchase, in the currency of the shop."""

CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
"""Control characters, which no id has: a NUL, a tab or a line break comes from how it was carried."""
EDGES = " \u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    # Of no width: soft hyphen, joiners, marks of direction, byte order mark.
    map(chr, (0xAD, 0x180E, *range(0x2000, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF))
)
"""Characters that are not seen, at the ends of an id: white space of every kind, and what has no width."""
NO_IDS = frozenset(
    (
        *("", "undefined", "null", "nil", "none", "nan", "nat", "na", "n/a", "#n/a", "<na>", "\\n", "(null)", "<null>"),
        *("(not set)", "(none)", "(not provided)", "[object object]"),
    )
)
"""What programs write that know no id, in lower case."""

_WITHOUT_CONTROLS = dict.fromkeys(map(ord, CONTROLS))


def identifier(text: str) -> str | None:
    r"""Read an id: without what is not seen around it; None where it is none. `silver.records.identifier` is its twin.

    Examples
    --------
    >>> identifier(" u1\u200b\n")
    'u1'
    >>> identifier("undefined") is None
    True
    """
    stripped = text.translate(_WITHOUT_CONTROLS).strip(EDGES)
    return None if stripped.lower() in NO_IDS else stripped
