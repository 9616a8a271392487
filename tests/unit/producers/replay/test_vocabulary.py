"""The data sets that people have, each by the line that the docs show, on a few rows in its own format."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from producers.replay.replay import files_of, title_records
from producers.replay.vocabulary import dataset_of
from reclake import replay
from tests.unit.producers.replay.looked_at import written

DOCS = Path(__file__).parents[4] / "docs" / "data.md"
LINES = re.findall(r"^(?:.*`)?reclake replay ([^`\n]+?)`?(?: \|)?$", DOCS.read_text(), re.MULTILINE)

LISTEN = {
    "listened_at": 1700000000.0,
    "inserted_at": 1700000100.5,
    "track_metadata": {"track_name": "Skate", "recording_msid": "e60b", "mbid_mapping": None, "additional_info": {}},
}
PLAY = 'user_000001\t2009-05-04T23:08:57Z\tf1b1\tDeep Dish\t\tFuck Me I\'m "Famous" (Pacha)\n'
FILES = {
    "ml-latest-small/ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n",
    "ml-latest-small/movies.csv": "movieId,title,genres\n31,Dangerous Minds (1995),Drama\n",
    "ml-1m/ratings.dat": "1::1193::5::978300760\n",
    "ml-1m/movies.dat": "73::Misérables, Les (1995)::Drama|Musical\n".encode("latin-1"),
    "ml-1m/users.dat": "1::F::1::10::48067\n",
    "ml-100k/u.data": "196\t242\t3\t881250949\n",
    "ml-100k/u.item": ("543|Misérables, Les (1995)|01-Jan-1995||http://x/|" + "|".join("0" * 19) + "\n").encode(
        "latin-1"
    ),
    "userid-timestamp-artid-artname-traid-traname.tsv": PLAY,
    "scrobbles.tsv": PLAY,
    "usersha1-artmbid-artname-plays.tsv": "00000c289a1829a808ac09c00daf10bc3c4e223b\t3bd73256\tbetty blowtorch\t2137\n",
    "listens/2023/11.jsonl": json.dumps(LISTEN) + "\n",
    "2019-Oct.csv": (
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde-8bb3\n"
        "2019-10-01 00:00:01 UTC,remove_from_cart,44600062,2103807459595387724,,,35.79,541312140,72d76fde-8bb3\n"
    ),
    "events.csv": "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,addtocart,355908,\n",
    "yoochoose-clicks.dat": "1,2014-04-07T10:51:09.277Z,214536502,0\n",
    "clicks.csv": "1,2014-04-07T10:51:09.277Z,214536502,0\n",
    "yoochoose-buys.dat": "420374,2014-04-06T18:44:58.314Z,214537888,12462,1\n",
    "train-item-views.csv": "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n",
    "train-purchases.csv": (
        "sessionId;userId;timeframe;eventdate;ordernumber;itemId\n150;18278;17100868;2016-05-06;16421;25911\n"
    ),
}
FIRST = {
    "ml-latest-small": ("1", "31", "rate", "2009-12-14T02:52:24.000Z"),
    "ml-1m": ("1", "1193", "rate", "2000-12-31T22:12:40.000Z"),
    "ml-100k": ("196", "242", "rate", "1997-12-04T15:55:49.000Z"),
    "userid-timestamp-artid-artname-traid-traname.tsv": (
        "user_000001",
        'Deep Dish Fuck Me I\'m "Famous" (Pacha)',
        "complete",
        "2009-05-04T23:08:57Z",
    ),
    "scrobbles.tsv": (
        "user_000001",
        'Deep Dish Fuck Me I\'m "Famous" (Pacha)',
        "complete",
        "2009-05-04T23:08:57Z",
    ),
    "usersha1-artmbid-artname-plays.tsv": (
        "00000c289a1829a808ac09c00daf10bc3c4e223b",
        "betty blowtorch",
        "complete",
        "2008-12-31T00:00:00.000Z",
    ),
    "listens/2023": ("me", "e60b", "complete", "2023-11-14T22:13:20.000Z"),
    "2019-Oct.csv": ("72d76fde-8bb3", "541312140", "44600062", "add_to_cart", "2019-10-01T00:00:00.000Z"),
    "events.csv": (None, "257597", "355908", "add_to_cart", "2015-06-02T05:02:12.117Z"),
    "yoochoose-clicks.dat": ("1", None, "214536502", "view", "2014-04-07T10:51:09.277Z"),
    "clicks.csv": ("1", None, "214536502", "view", "2014-04-07T10:51:09.277Z"),
    "yoochoose-buys.dat": ("420374", None, "214537888", "purchase", "2014-04-06T18:44:58.314Z"),
    "train-item-views.csv": ("1", None, "81766", "view", "2016-05-09T00:08:46.309Z"),
    "train-purchases.csv": ("150", "18278", "25911", "purchase", "2016-05-06T04:45:00.868Z"),
}
LISTENING, CLICK = (
    ("user_id", "new_episode_id", "event", "ts"),
    ("session_id", "user_id", "item_id", "event_type", "timestamp"),
)

app = typer.Typer()
replay.register(app)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        written(folder / name, content)
    return folder


def test_the_docs_have_a_line_for_each_data_set():
    assert sorted(shlex.split(line)[0] for line in LINES) == sorted(FIRST)


@pytest.mark.parametrize("line", LINES)
def test_the_line_in_the_docs_works(downloads, line, monkeypatch):
    monkeypatch.chdir(downloads)
    path, *options = shlex.split(line)

    result = CliRunner().invoke(app, [path, *options, "--check"])

    assert result.exception is None
    shown = result.output.replace("\n", " ")
    event = json.loads(re.search(r"First: (\{.*\})", shown)[1])
    assert tuple(event[name] for name in (LISTENING if "new_episode_id" in event else CLICK)) == FIRST[path]
    notes = re.findall(r"Note: .*?\(not sent\)|Note: ", shown)
    assert notes == (["Note: 1 rows: left out by `--map-event` (not sent)"] if path == "2019-Oct.csv" else [])


def test_an_event_that_no_data_set_explains_is_refused(downloads, monkeypatch):
    monkeypatch.chdir(downloads)

    result = CliRunner().invoke(app, ["2019-Oct.csv", "--check"])

    assert "'remove_from_cart' (1 rows)" in str(result.exception)


@pytest.mark.parametrize(
    ("folder", "title"), [("ml-1m", "Misérables, Les (1995)"), ("ml-100k", "Misérables, Les (1995)")]
)
def test_titles_of_old_movielens_are_read_in_their_encoding(downloads, folder, title):
    _, titles = files_of(downloads / folder, None)

    (record,) = title_records(titles)

    assert json.loads(record.value)["title"] == title


def test_a_compressed_copy_is_of_its_data_set():
    assert dataset_of(Path("a/yoochoose-clicks.dat.gz")) is not None
    assert dataset_of(Path("my-yoochoose-clicks.dat")) is None
