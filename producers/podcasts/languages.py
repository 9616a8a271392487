"""The language of a podcast: what its feed declares, else what its title and description are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Self

from lakehouse.errors import SettingsError
from producers.podcasts.tags import normal, tag_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

    from producers.podcasts.feeds import Feed

ANY = "any"
LEAST_CONFIDENCE = 0.3
"""Below this the identifier guesses: a title of a word or two, a text of emoji."""
IDENTIFIED_CHARACTERS = 2_000

_NO_WORDS = "zxx"
_WANTED = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def language_of(feed: Feed) -> str | None:
    """Tell the language of a feed as a tag in lower case, such as `en` or `en-us`; None where nothing tells it."""
    # Where a feed declares "English", "eng" or "und", its text counts.
    if declared := tag_of(feed.language):
        return declared
    language, confidence = _identifier().classify(f"{feed.title}\n{feed.description}"[:IDENTIFIED_CHARACTERS])
    return language if confidence >= LEAST_CONFIDENCE and language != _NO_WORDS else None


@dataclass(frozen=True)
class Languages:
    """The languages that are wanted; none: all, also feeds whose language nobody knows.

    Examples
    --------
    >>> wanted = Languages.parse("en, pt-BR")
    >>> [wanted.include(tag) for tag in ("en", "en-us", "pt-br", "pt-pt", "pt", None)]
    [True, True, True, False, False, False]
    """

    tags: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read tags that are separated by commas, or `any`.

        Raises
        ------
        SettingsError
            One of them is no language tag.
        """
        tags = tuple(tag for part in text.split(",") if (tag := normal(part)))
        if odd := [tag for tag in tags if tag != ANY and not _WANTED.fullmatch(tag)]:
            raise SettingsError(f"{odd[0]!r} is no language. Use tags such as en or pt-br, or {ANY}.")
        if not tags:
            raise SettingsError(f"No language is given. Use tags such as en or pt-br, or {ANY}.")
        return cls(() if ANY in tags else tags)

    def include(self, language: str | None) -> bool:
        """Whether a language is wanted: `en` wants every English, `en-us` only that of the United States."""
        return not self.tags or (
            language is not None and any(language == tag or language.startswith(f"{tag}-") for tag in self.tags)
        )


@cache
def _identifier() -> LanguageIdentifier:
    # Loading takes a second, which a run whose feeds all declare their language does not need.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
