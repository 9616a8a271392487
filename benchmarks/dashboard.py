"""How soon does the dashboard show something, and how long does a refresh take? `python -m benchmarks.dashboard`.

Chromium opens `reclake dashboard` on the loopback. First paint is the time from asking for a page to the first chart,
table or sentence in a panel, with an empty browser cache; each page was asked for once before, as by the first of its
readers. A refresh is the time from the browser's asking to its last change of the page, with a million events in the
window of the page Now.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console

from reclake.cli.report import table_of
from reclake.errors import ServiceError
from reclake.services.process import free_port, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ("", "listener", "sessions", "churn", "models", "quality")
PAINTED = ", ".join(
    f"[class*=st-key-panel] {what}"
    for what in ("[data-testid=stVegaLiteChart] canvas", "[data-testid=stVegaLiteChart] svg", "canvas", "[role=alert]")
)
REFRESH_SECONDS = 6.0
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

    from tests.unit.serving.dashboard.lakehouse import million_events

    chromium = shutil.which("chromium")
    if chromium is None:
        raise ServiceError("There is no Chromium to open pages in: apt-get install chromium.")
    console = Console()
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as large:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(home) as address:
            rows = []
            for page in PAGES:
                first_paint(browser, f"{address}/{page}")
                seen = [first_paint(browser, f"{address}/{page}") for _ in range(rounds)]
                rows.append((page or "now", _of(seen), f"{max(seen):.2f}", f"{WANTED_PAINT_SECONDS}"))
        columns = ("page", "median, s", "slowest", "wanted")
        console.print(table_of("First paint", columns, rows, columns[1:]))
        with console.status(f"Writing {events:,} events ..."):
            million_events(Path(large), number=events)
        with served(Path(large)) as address:
            seen = refreshing(browser, f"{address}/?window=1+hour", refreshes)
        row = (f"now, {events:,} events in the window", _of(seen), f"{max(seen):.2f}", f"{WANTED_REFRESH_SECONDS}")
        console.print(table_of("Refresh", columns, [row], columns[1:]))
        browser.close()


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


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a dashboard on that home."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"RECLAKE_HOME": str(home), "DASHBOARD_REFRESH_SECONDS": str(REFRESH_SECONDS)}
    process = subprocess.Popen(
        [sys.executable, "-m", "reclake", "dashboard", "--port", str(port)],
        env=environment,
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


def _of(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f}"


if __name__ == "__main__":
    typer.run(main)
