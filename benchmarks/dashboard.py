"""How soon does the dashboard show something, and how long does a refresh take? `python -m benchmarks.dashboard`.

Chromium opens `reclake dashboard` on the loopback. First paint is the time from asking for a page to the first chart,
table or sentence in a panel, with an empty browser cache; each page was asked for once before, as by the first of its
readers. A refresh is the time from the browser's asking to its last change of the page, with a million events in the
window of the page Now.

Beside both stands what a page of Streamlit takes that only draws one chart anew: what is more than that is ours.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console

from lakehouse.errors import ServiceError
from lakehouse.services.process import free_port, wait_until
from reclake.report import table_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from rich.table import Table

PAGES = ("", "listener", "sessions", "churn", "models", "quality")
PAINTED = ", ".join(
    f"[class*=st-key-panel] {what}"
    for what in (
        "[data-testid=stVegaLiteChart] canvas",
        "[data-testid=stVegaLiteChart] svg",
        "canvas",
        "[data-testid=stTable] td",
        "[data-testid=stAlert]",
    )
)
REFRESH_SECONDS = 6.0
BARE = f"""
import time, altair, pandas, streamlit

@streamlit.fragment(run_every={REFRESH_SECONDS})
def chart():
    rows = pandas.DataFrame({{"at": range(60), "value": [(at * time.time()) % 7 for at in range(60)]}})
    with streamlit.container(key="panel-bare"):
        streamlit.altair_chart(altair.Chart(rows).mark_line().encode(x="at", y="value"))

chart()
"""
WANTED_PAINT_SECONDS, WANTED_REFRESH_SECONDS = 1.5, 0.5
_START_SECONDS = 90
_WATCH = """
window.asked = []; window.changed = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (...content) { asked.push(performance.now()); return send.apply(this, content); };
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => changed.push(performance.now()))
    .observe(document.body, { subtree: true, childList: true, characterData: true }));
"""


def main(
    home: Annotated[Path, typer.Option(help="The lakehouse whose pages are opened: what `reclake demo` made.")] = Path(
        ".reclake"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="How often each page is opened.")] = 7,
    refreshes: Annotated[int, typer.Option(min=2, help="How many refreshes are timed.")] = 8,
    events: Annotated[int, typer.Option(min=1, help="Events in the window.")] = 1_000_000,
) -> None:
    """Time the dashboard in a browser."""
    from playwright.sync_api import sync_playwright

    from tests.unit.serving.reading.lakehouse import million_events

    chromium = shutil.which("chromium")
    if chromium is None:
        raise ServiceError("There is no Chromium to open pages in: apt-get install chromium.")
    console = Console()
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as large:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        bare = Path(large) / "bare.py"
        bare.write_text(BARE)
        with served(home) as ours, served_bare(bare) as theirs:
            pages = {"one chart, bare": theirs} | {page or "now": f"{ours}/{page}" for page in PAGES}
            for url in pages.values():
                first_paint(browser, url)
            # In turns, so that whatever else the machine does meets all alike.
            seen = [[first_paint(browser, url) for url in pages.values()] for _ in range(rounds)]
        console.print(
            compared("First paint", dict(zip(pages, zip(*seen, strict=True), strict=True)), WANTED_PAINT_SECONDS)
        )
        with console.status(f"Writing {events:,} events ..."):
            million_events(Path(large), number=events)
        with served_bare(bare) as address:
            of_theirs = refreshing(browser, address, refreshes)
        with served(Path(large)) as address:
            of_ours = refreshing(browser, f"{address}/?window=1+hour", refreshes)
        measured = {"one chart, bare": of_theirs, f"now, {events:,} events in the window": of_ours}
        console.print(compared("Refresh", measured, WANTED_REFRESH_SECONDS))
        browser.close()


def compared(title: str, measured: Mapping[str, Sequence[float]], wanted: float) -> Table:
    """A row for each page; the first is what the others are compared with."""
    columns = ("page", "median, s", "slowest", "wanted", "of a bare one")
    least = statistics.median(next(iter(measured.values())))
    rows = [
        (
            page,
            f"{statistics.median(seen):.2f}",
            f"{max(seen):.2f}",
            f"{wanted}",
            f"{statistics.median(seen) / least:.2f}",
        )
        for page, seen in measured.items()
    ]
    return table_of(title, columns, rows, columns[1:])


def first_paint(browser: Browser, url: str) -> float:
    """Seconds until something stands in a panel, with an empty cache."""
    with browser.new_context(viewport={"width": 1_280, "height": 900}) as context:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_selector(PAINTED, timeout=_START_SECONDS * 1_000)
        return time.perf_counter() - began


def refreshing(browser: Browser, url: str, number: int) -> list[float]:
    """Seconds that refreshes take, the first page left out."""
    with browser.new_context(viewport={"width": 1_280, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(url)
        page.wait_for_selector(PAINTED)
        page.wait_for_function("changed.length && performance.now() - changed.at(-1) > 2000")
        page.evaluate("asked.length = 0")
        page.wait_for_function(f"asked.length > {number}", timeout=(number + 2) * REFRESH_SECONDS * 2_000)
        asked, changed = page.evaluate("[asked, changed]")
    spans = pairwise(asked)
    return [(max(at for at in changed if begin <= at < end) - begin) / 1_000 for begin, end in spans]


def served(home: Path) -> AbstractContextManager[str]:
    """The address of a dashboard on that home."""
    environment = {"RECLAKE_HOME": str(home), "DASHBOARD_REFRESH_SECONDS": str(REFRESH_SECONDS)}
    return serving("reclake", "dashboard", "--port={port}", environment=environment)


def served_bare(page: Path) -> AbstractContextManager[str]:
    """The address of a page that nothing of ours is in."""
    return serving("streamlit", "run", str(page), "--server.headless=true", "--server.port={port}")


@contextmanager
def serving(*module: str, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """The address of what a module serves, told the port, until the end of the block."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", *(argument.format(port=port) for argument in module)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/_stcore/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, _START_SECONDS)
        yield address
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    typer.run(main)
