"""Feeds and episodes as the podcast index describes them: what anybody may have written, cut down to what is of use.

Everything in an answer is hostile until it has passed these models: a field that is missing or odd becomes empty, texts
lose control characters and what goes beyond their limit, addresses that are not of the web are dropped. With all
limits reached, an episode is still smaller than silver's `max_value_bytes`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from lakehouse.entities import unescaped
from lakehouse.transcripts import Format, format_of, format_of_address
from producers.podcasts.tags import primary, tag_of

TITLE_CHARACTERS = 500
DESCRIPTION_CHARACTERS = 8_000
NAME_CHARACTERS = 200
"""Of an author, a category or a language."""
URL_CHARACTERS = 2_000
MAX_CATEGORIES = 10
MAX_TRANSCRIPTS = 20

TRANSCRIPT_FORMATS: tuple[Format | None, ...] = ("vtt", "srt", "json", "plain", None, "html")
"""What a transcript may be, the best first: text that says what was spoken when, bare text, who knows what, a page."""

_LONGEST_DURATION = 7 * 86_400
_LATEST_SECOND = 253_402_300_799
# Control characters, and halves of surrogate pairs, which JSON can say and UTF-8 cannot.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]+")
_ESCAPED_BLOCK = re.compile(r"&lt;/?(?:p|br|div|ul|ol|li|a|span)\b", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")


def _text(limit: int) -> BeforeValidator:
    def cleaned(value: Any) -> str:
        return _one_line(value, limit) if isinstance(value, str) else ""

    return BeforeValidator(cleaned)


def _one_line(text: str, limit: int) -> str:
    # What lies far behind the limit need not be cleaned before it is cut off.
    return " ".join(_UNPRINTABLE.sub("", unescaped(text[: 8 * limit])).split())[:limit].rstrip()


def _without_markup(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value[: 8 * DESCRIPTION_CHARACTERS]
    # Some feeds escape all of their markup; one escaped tag among others is what the text says.
    if not _TAG.search(text) and _ESCAPED_BLOCK.search(text):
        text = unescaped(text)
    return unescaped(_TAG.sub(" ", text))


def _number(largest: int) -> BeforeValidator:
    def whole(value: Any) -> int | None:
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            return None
        return int(number) if 0 < number <= largest else None

    return BeforeValidator(whole)


def _web_address(value: Any) -> str | None:
    """Take an address of http or https, in ASCII; one with a password in it is somebody's mistake."""
    try:
        url = httpx.URL(value.strip()) if isinstance(value, str) else None
    except (httpx.InvalidURL, UnicodeError):
        return None
    if url is None or url.scheme not in ("http", "https") or not url.host or url.userinfo:
        return None
    return str(url) if len(str(url)) <= URL_CHARACTERS else None


def _names(value: Any) -> list[str]:
    """Take the names of categories, given as an object from number to name or as a list."""
    given = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    cleaned = (_one_line(name, NAME_CHARACTERS) for name in given if isinstance(name, str))
    return [name for name in dict.fromkeys(cleaned) if name][:MAX_CATEGORIES]


def _objects(value: Any) -> list[Any]:
    given = value if isinstance(value, list) else []
    return [entry for entry in given if isinstance(entry, dict)][:MAX_TRANSCRIPTS]


def _not_a_truth_value(value: Any) -> Any:
    return None if isinstance(value, bool) else value


Id = Annotated[int, Field(gt=0, lt=2**63), BeforeValidator(_not_a_truth_value)]
Title = Annotated[str, _text(TITLE_CHARACTERS)]
Description = Annotated[str, _text(DESCRIPTION_CHARACTERS), BeforeValidator(_without_markup)]
Name = Annotated[str, _text(NAME_CHARACTERS)]
Url = Annotated[str | None, BeforeValidator(_web_address)]


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Feed(_Lenient):
    r"""A podcast, as `podcasts/trending` lists it; without a positive `id` it is none.

    Examples
    --------
    >>> feed = Feed.model_validate({"id": "7", "title": "Jazz\0  Notes", "categories": {"55": "Music"}, "language": 3})
    >>> feed.title, feed.categories, feed.language
    ('Jazz Notes', ['Music'], '')
    """

    id: Id
    title: Title = ""
    description: Description = ""
    author: Name = ""
    language: Name = ""
    categories: Annotated[list[str], BeforeValidator(_names)] = Field(default_factory=list)


class Transcript(_Lenient):
    """One of the transcripts that a publisher offers for an episode."""

    url: Url = None
    type: Name = ""
    language: Name = ""

    @property
    def preference(self) -> int:
        """Its place among the formats, the best first."""
        promised = format_of(self.type)
        # What serves files calls many of them plain.
        ending = format_of_address(self.url or "") if promised in (None, "plain") else None
        return TRANSCRIPT_FORMATS.index(ending or promised)

    def fits(self, language: str | None) -> bool:
        """Whether it is in a language; where it declares none it is in that of the feed."""
        declared = tag_of(self.language)
        return declared is None or language is None or primary(declared) == primary(language)


class Episode(_Lenient):
    """An episode, as `episodes/byfeedid` lists it; without a positive `id` it is none."""

    id: Id
    title: Title = ""
    description: Description = ""
    audio_url: Url = Field(default=None, validation_alias=AliasChoices("enclosureUrl", "audio_url"))
    transcript: Url = Field(default=None, validation_alias=AliasChoices("transcriptUrl", "transcript"))
    transcripts: Annotated[list[Transcript], BeforeValidator(_objects)] = Field(default_factory=list)
    duration: Annotated[int | None, _number(_LONGEST_DURATION)] = None
    published: Annotated[int | None, _number(_LATEST_SECOND)] = Field(
        default=None, validation_alias=AliasChoices("datePublished", "published")
    )

    def transcript_url(self, language: str | None) -> str | None:
        """The address of the transcript that is easiest to read; none where all are in other languages than `language`.

        Parameters
        ----------
        language : str, optional
            That of the feed, as a tag such as `en-us`; without, any transcript will do.
        """
        offered = [entry for entry in self.transcripts if entry.url]
        fitting = [entry for entry in offered if entry.fits(language)]
        if fitting:
            return min(
                fitting, key=lambda entry: (entry.preference, tag_of(entry.language) not in (None, language))
            ).url
        return None if self.transcript in {entry.url for entry in offered} else self.transcript

    @property
    def published_at(self) -> str | None:
        """When it was published, ISO 8601 in UTC."""
        if self.published is None:
            return None
        return datetime.fromtimestamp(self.published, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
