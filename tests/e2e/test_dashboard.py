"""The dashboard in a browser, on real stores: what each page shows, that it refreshes in place, and what is hostile."""

import os
import shutil
import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from lakehouse import tables
from lakehouse.database import CHURN_PREDICTION, FUNNEL_SUMMARY, connect, write_batch
from lakehouse.document_store import connect as connect_documents
from lakehouse.document_store import replace_collection
from lakehouse.services.process import free_port, wait_until
from lakehouse.settings import Settings
from tests.unit.serving.reading.lakehouse import HOSTILE, NEWEST, listening, write

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")

PAGES = {
    "": "How fresh each layer is",
    "listener": "Recommended to",
    "sessions": "Most viewed products",
    "churn": "Churn alerts",
    "models": "Recommender: versions",
    "quality": "Gates by table and time",
}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        # Pages are drawn by Python and by a browser on cores that other tests have as well.
        expect.set_options(timeout=60_000)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of 1280 px that remembers what it asked of other machines, and every dialog."""
    with browser.new_context(viewport={"width": 1_280, "height": 900}) as context:
        page = context.new_page()
        page.elsewhere = []
        page.on(
            "request", lambda asked: page.elsewhere.append(asked.url) if "127.0.0.1" not in asked.url[:20] else None
        )
        page.on("dialog", lambda dialog: (page.elsewhere.append("a dialog"), dialog.dismiss()))
        yield page
        assert [url for url in page.elsewhere if not url.startswith(("data:", "blob:"))] == []


def serve(settings, log):
    """Start the dashboard as a user would; return the process and its address."""
    port = free_port()
    environment = os.environ | {
        "RECLAKE_HOME": str(settings.reclake_home),
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "MONGODB_DATABASE": settings.mongodb_database,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "DASHBOARD_REFRESH_SECONDS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "reclake", "dashboard", "--port", str(port)], env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, "the dashboard ended"
        try:
            return httpx.get(f"{address}/_stcore/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    wait_until(answers, 60)
    return process, address


@pytest.fixture(scope="module")
def settings(tmp_path_factory, document_store, postgresql_url):
    return Settings(
        reclake_home=tmp_path_factory.mktemp("dashboard"),
        mongodb_uri=document_store,
        mongodb_database="dashboard",
        database_url=postgresql_url,
    )


@pytest.fixture(scope="module")
def address(settings):
    """A dashboard on a small lakehouse and filled stores."""
    fill(settings)
    with (settings.reclake_home / "dashboard.log").open("w") as log:
        process, address = serve(settings, log)
        yield address
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def bare_address(tmp_path_factory):
    """A dashboard on an empty home, whose stores are at addresses where nobody listens."""
    settings = Settings(
        reclake_home=tmp_path_factory.mktemp("bare"),
        mongodb_uri="mongodb://127.0.0.1:9",
        database_url="postgresql://nobody:nothing@127.0.0.1:9/none",
    )
    with (settings.reclake_home / "dashboard.log").open("w") as log:
        process, address = serve(settings, log)
        yield address
        process.terminate()
        process.wait(30)


def fill(settings):
    home, made = settings.reclake_home, {"model_version": "1", "generated_at": NEWEST}
    write(home, tables.user_events, listening(1, 2, 3))
    write(home, tables.episodes, [{"episode_id": "ep-1", "title": HOSTILE}])
    write(
        home,
        tables.quarantine,
        [
            {
                "source": "bronze.user_events",
                "position": "0",
                "reason": "not_json",
                "value": b"{",
                "quarantined_at": NEWEST,
            }
        ],
    )
    write(
        home,
        tables.item_popularity,
        [{"item_id": "item-7", "num_views": 9, "num_clicks": 0, "num_add_to_cart": 3, "num_purchases": 1}],
    )
    checked = {
        "run_id": "1",
        "table_name": "silver.user_events",
        "expectation": "x",
        "severity": "critical",
        "passed": True,
        "checked_at": NEWEST,
    }
    write(home, tables.quality_results, [checked])
    recommended = {
        "user_id": "user-1",
        "recommended_episode_id": "ep-1",
        "rank": 1,
        "title": HOSTILE,
        "score": 2.5,
        "reason": "liked",
        "because_episode_id": "ep-1",
        "because_title": HOSTILE,
        "sources": {"als": 2.0, "text": 0.5},
    }
    with connect_documents(settings) as documents:
        replace_collection(documents, "final_recommendations", [recommended | made | {"_id": 1}], ["user_id", "rank"])
    with connect(settings) as database:
        write_batch(
            database,
            FUNNEL_SUMMARY,
            "dashboard",
            [
                (
                    "shopper-1",
                    NEWEST.replace(minute=0, second=0),
                    NEWEST.replace(minute=10, second=0),
                    5,
                    2,
                    1,
                    True,
                    False,
                )
            ],
        )
        write_batch(
            database, CHURN_PREDICTION, "dashboard", [("shopper-1", NEWEST.date(), 0.91, True, 0.17, "1", NEWEST)]
        )


@pytest.mark.parametrize("path", PAGES)
def test_each_page_shows_what_the_stores_hold(address, page, path):
    page.goto(f"{address}/{path}")

    expect(page.get_by_role("heading", name=PAGES[path])).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_says_something_useful_without_data_and_stores(bare_address, page, path):
    page.goto(f"{bare_address}/{path}")

    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_new_events_arrive_in_place(address, settings, page):
    page.goto(f"{address}/?window=15+min")
    listeners = page.get_by_test_id("stMetric").first
    expect(listeners).to_contain_text("3 events")
    expect(page.get_by_role("heading", name="What tasks last did")).to_be_visible()
    place = "document.querySelector('[data-testid=stMain]').scrollTop"
    page.evaluate(f"{place} = 100")
    write(settings.reclake_home, tables.user_events, listening(0.5, user_id="user-2"))

    expect(listeners).to_contain_text("4 events")

    assert page.evaluate(place) == 100
    assert "window=15" in page.url
    expect(page.get_by_role("radio", name="15 min")).to_be_checked()


def test_a_hostile_title_is_shown_and_does_nothing(address, page):
    page.goto(f"{address}/listener?user=user-1")

    expect(page.get_by_role("heading", name="Recommended to")).to_contain_text("user-1")
    expect(page.locator("[data-testid=stTable] td", has_text="<script>").first).to_be_visible()
    # The grid paints on a canvas and says its cells to screen readers.
    expect(page.locator("[role=gridcell]", has_text="<script>").first).to_be_attached()
    assert "stolen" not in page.title()


def test_a_hostile_user_of_the_url_is_text(address, page):
    page.goto(f"{address}/listener?user=<img src=x onerror=alert(1)>![x](https://evil.example/x.png)")

    expect(
        page.get_by_text("does not have", exact=False)
        .or_(page.get_by_text("There are no recommendations"))
        .or_(page.get_by_text("has no recommendations of their own"))
        .first
    ).to_be_visible()
    assert page.locator("img[src=x], img[src*=evil]").count() == 0


def test_a_link_leads_to_the_chosen_listener_and_the_keyboard_to_the_download(address, page):
    page.goto(f"{address}/listener?user=user-1&n=5")
    expect(page.get_by_role("heading", name="Recommended to")).to_contain_text("user-1")

    for name in ("Table", "CSV"):
        expect(page.get_by_role("button", name=name).first).to_be_visible()

    page.get_by_role("spinbutton", name="How many").focus()
    missing = {"Table", "CSV"}
    for _ in range(100):
        page.keyboard.press("Tab")
        text = page.evaluate("document.activeElement.innerText || ''")
        missing -= {name for name in missing if name in text}
        if not missing:
            break

    assert not missing


def test_the_table_behind_a_chart_can_be_downloaded(address, page):
    page.goto(f"{address}/quality")
    panel = page.locator(".st-key-panel-gates-by-table-and-time")

    with page.expect_download() as started:
        panel.get_by_role("button", name="CSV").click()

    assert "silver.user_events" in started.value.path().read_text()


def test_on_a_phone_nothing_is_wider_than_the_screen(address, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/churn")
    expect(page.get_by_role("heading", name="Churn alerts")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
