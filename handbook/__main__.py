"""Write the pages and the picture that are made from the code: `uv run python -m handbook`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from handbook import configuration, dictionary, picture

DOCS = Path(__file__).parents[1] / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "configuration.md": configuration.page,
    "dictionary.md": dictionary.page,
    "images/jobs.svg": picture.drawing,
}


def main() -> None:
    """Write every page anew."""
    for name, content in PAGES.items():
        (DOCS / name).write_text(content(), encoding="utf-8")


if __name__ == "__main__":
    main()
