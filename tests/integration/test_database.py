"""Batches in a real PostgreSQL: written once, whole, in any order, and through a restart of the server."""

import os
import shutil
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from lakehouse import database, services
from lakehouse.database import CHURN_PREDICTION, FUNNEL_SUMMARY, RAW_EVENTS, replace_rows, write_batch
from lakehouse.database.days import make_partition
from lakehouse.database.migration import newest
from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.services import process
from lakehouse.services.postgresql import postgresql
from lakehouse.services.state import Place
from lakehouse.settings import Settings
from serving.reading.queries import churn
from serving.reading.stores import Stores

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def settings(postgresql_url, services_settings):
    """Settings of a database without tables."""
    empty(postgresql_url)
    return Settings(reclake_home=services_settings.home, database_url=postgresql_url, events_retention_days=3)


def empty(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def store(settings):
    with database.connect(settings) as opened:
        yield opened


def event(name, *, days_ago=0, item="i", price=1.5):
    at = NOON - timedelta(days=days_ago)
    return (name, at.date(), at, "s", "u", item, "view", price)


def prediction(user, probability):
    return (user, NOON.date(), probability, probability > 0.5, 0.5, "1", NOON)


def read(settings, query):
    with database.connect_read_only(settings) as connection:
        return connection.execute(query).fetchall()


def events(settings):
    return [row[0] for row in read(settings, "SELECT event_id FROM raw_events ORDER BY event_id")]


def partitions(settings):
    return [
        row[0]
        for row in read(
            settings, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw_events'::regclass"
        )
    ]


def test_what_is_written_is_read(store, settings):
    row = (*event("e")[:-1], None)

    assert write_batch(store, RAW_EVENTS, "1", [row]).changed == 1

    assert read(settings, f"SELECT {', '.join(RAW_EVENTS.columns)} FROM raw_events") == [row]


def test_a_time_without_a_zone_is_utc(store, settings):
    funnel = ("u", NOON.replace(tzinfo=None), (NOON + timedelta(minutes=10)).replace(tzinfo=None), 3, 2, 1, True, False)

    write_batch(store, FUNNEL_SUMMARY, "1", [funnel])

    assert read(settings, "SELECT window_start, window_end FROM funnel_summary") == [
        (NOON, NOON + timedelta(minutes=10))
    ]


def test_a_batch_is_written_once(store, settings):
    first = write_batch(store, RAW_EVENTS, "1", [event("a")])
    again = write_batch(store, RAW_EVENTS, "1", [event("a"), event("b")])

    assert (first.repeated, again.repeated) == (False, True)
    assert events(settings) == ["a"]


def test_the_same_batch_id_of_another_table_is_another_batch(store):
    write_batch(store, RAW_EVENTS, "1", [event("a")])

    assert write_batch(store, CHURN_PREDICTION, "1", [prediction("u", 0.1)]).changed == 1


def test_only_rows_that_are_different_are_updated(store, settings):
    write_batch(store, CHURN_PREDICTION, "1", [prediction("a", 0.1), prediction("b", 0.2)])

    written = write_batch(store, CHURN_PREDICTION, "2", [prediction(u, 0.2) for u in ("a", "b", "c")])

    assert written.changed == 2
    assert read(settings, "SELECT DISTINCT churn_probability FROM churn_prediction") == [(0.2,)]


def test_keys_are_deleted_before_rows_are_written(store, settings):
    write_batch(store, CHURN_PREDICTION, "1", [prediction(u, 0.1) for u in ("a", "b", "c")])

    written = write_batch(store, CHURN_PREDICTION, "2", [prediction("a", 0.2)], deleted=[("a",), ("b",), ("x",)])

    assert (written.changed, written.deleted) == (1, 2)
    assert read(settings, "SELECT user_id, churn_probability FROM churn_prediction ORDER BY 1") == [
        ("a", 0.2),
        ("c", 0.1),
    ]


@pytest.mark.parametrize("before", [[], [("u", 0.1)]])
def test_of_rows_with_one_key_the_last_is_written(store, settings, before):
    write_batch(store, CHURN_PREDICTION, "1", [prediction(*row) for row in before])

    write_batch(store, CHURN_PREDICTION, "2", [prediction("u", p) for p in (0.7, 0.8, 0.9)] + [prediction("v", 0.3)])

    assert read(settings, "SELECT user_id, churn_probability FROM churn_prediction ORDER BY 1") == [
        ("u", 0.9),
        ("v", 0.3),
    ]


def test_an_empty_batch_is_noted(store):
    assert not write_batch(store, RAW_EVENTS, "1", []).repeated
    assert write_batch(store, RAW_EVENTS, "1", []).repeated


@pytest.fixture
def three_remembered(monkeypatch):
    monkeypatch.setattr("lakehouse.database.batches._REMEMBERED_BATCHES", 3)


def remembered(settings, table):
    query = f"SELECT batch_id FROM batches WHERE table_name = '{table.name}' ORDER BY number"
    return [row[0] for row in read(settings, query)]


# Tables that are copied into and merged into: a row of a batch, and the column that says which sending it came with.
SENT = {
    "raw_events": (RAW_EVENTS, lambda batch, sent: event(batch, price=sent), "price"),
    "churn_prediction": (CHURN_PREDICTION, prediction, "churn_probability"),
}


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(st.tuples(st.sampled_from([*SENT]), st.integers(0, 3)), min_size=4, max_size=16))
def test_the_last_batches_of_each_table_count_once_and_those_before_are_forgotten(
    store, settings, three_remembered, sent
):
    store.repeat(lambda connection: connection.execute("TRUNCATE batches, raw_events, churn_prediction"))
    first_sent = {name: [] for name in SENT}
    for number, (name, back) in enumerate(sent):
        table, row, _ = SENT[name]
        again = 0 < back <= len(first_sent[name])
        batch = f"{len(first_sent[name]) - (back if again else 0)}"

        written = write_batch(store, table, batch, [row(batch, float(number))])

        assert (written.repeated, written.changed) == (again, not again)
        first_sent[name] += [] if again else [float(number)]

    for name, (table, _, column) in SENT.items():
        assert read(settings, f"SELECT {column} FROM {name} ORDER BY 1") == [(n,) for n in first_sent[name]]
        assert remembered(settings, table) == [f"{batch}" for batch in range(len(first_sent[name]))][-3:]


def test_a_forgotten_batch_that_is_sent_again_changes_nothing(store, settings, three_remembered):
    batches = {f"{n}": [event(f"e{n}"), event("shared")] for n in range(5)}
    for batch, rows in batches.items():
        write_batch(store, RAW_EVENTS, batch, rows)

    again = write_batch(store, RAW_EVENTS, "0", batches["0"])

    assert (again.repeated, again.changed) == (False, 0)
    assert len(events(settings)) == 6
    assert remembered(settings, RAW_EVENTS) == ["3", "4", "0"]


def test_writers_that_forget_at_once_keep_out_of_each_others_way(store, settings, three_remembered):
    # The day is there, so that events are copied side by side.
    write_batch(store, RAW_EVENTS, "first", [event("first")])

    def write(worker):
        with database.connect(settings) as own:
            for n in range(40):
                write_batch(own, RAW_EVENTS, f"{worker} {n}", [event(f"{worker} {n}")])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))

    assert len(events(settings)) == 121
    # Whoever was last did not see what others had not yet committed.
    assert 3 <= len(remembered(settings, RAW_EVENTS)) <= 5


def test_batches_of_the_first_version_are_numbered_as_they_were_written(store, settings):
    for n in range(5):
        write_batch(store, RAW_EVENTS, f"{n}", [event(f"e{n}")])
    store.repeat(lambda connection: connection.execute("ALTER TABLE batches DROP COLUMN number"))
    store.repeat(lambda connection: connection.execute("UPDATE alembic_version SET version_num = '0001'"))

    with database.connect(settings) as later:
        write_batch(later, RAW_EVENTS, "5", [event("e5")])

    assert remembered(settings, RAW_EVENTS) == ["0", "1", "2", "3", "4", "5"]


def test_batches_in_any_order_end_the_same(postgresql_url, settings):
    batches = {f"{days}": [event(f"e{days}", days_ago=days), event("shared", days_ago=1)] for days in (0, 1, 4)}
    ends = []
    for order in permutations(batches):
        empty(postgresql_url)
        with database.connect(settings) as store:
            for batch in order:
                write_batch(store, RAW_EVENTS, batch, batches[batch])
        ends.append((events(settings), partitions(settings)))

    assert ends[0][0] == ["e0", "e1", "shared"]
    assert all(sorted(days) == ["raw_events_2026_01_30", "raw_events_2026_01_31"] for _, days in ends)
    assert all(end[0] == ends[0][0] for end in ends)


def test_rows_that_replace_all_leave_nothing_else(store, settings):
    write_batch(store, CHURN_PREDICTION, "1", [prediction(u, 0.1) for u in ("a", "b", "c")])

    written = replace_rows(store, CHURN_PREDICTION, "2", [prediction("a", 0.1), prediction("b", 0.2)])

    assert (written.changed, written.deleted) == (1, 1)
    assert read(settings, "SELECT user_id, churn_probability FROM churn_prediction ORDER BY 1") == [
        ("a", 0.1),
        ("b", 0.2),
    ]
    assert replace_rows(store, CHURN_PREDICTION, "2", []).repeated


def test_events_that_replace_all_leave_no_day_by_which_they_would_be_too_old(store, settings):
    write_batch(store, RAW_EVENTS, "1", [event("new"), event("newer", days_ago=-2)])

    written = replace_rows(store, RAW_EVENTS, "2", [event("old", days_ago=5), event("new")])

    assert (written.changed, written.deleted, written.expired) == (0, 1, 1)
    replace_rows(store, RAW_EVENTS, "3", [event("old", days_ago=5)])
    assert events(settings) == ["old"]
    assert partitions(settings) == ["raw_events_2026_01_26"]


def test_events_beyond_the_retention_are_counted_and_not_written(store, settings):
    written = write_batch(store, RAW_EVENTS, "1", [event(f"e{days}", days_ago=days) for days in range(5)])
    later = write_batch(store, RAW_EVENTS, "2", [event("late", days_ago=3), event("next", days_ago=-1)])

    assert (written.changed, written.expired) == (3, 2)
    assert (later.changed, later.expired) == (1, 1)
    assert events(settings) == ["e0", "e1", "next"]
    assert sorted(partitions(settings)) == [f"raw_events_2026_{day}" for day in ("01_30", "01_31", "02_01")]


def test_the_first_and_the_last_day_there_are_can_be_stored(store, settings):
    for day in (date(1, 1, 1), date(9999, 12, 30)):
        write_batch(store, RAW_EVENTS, f"{day}", [("e", day, NOON, "s", "u", "i", "view", 1.0)])

        assert read(settings, "SELECT day FROM raw_events") == [(day,)]


HOSTILE = [
    "a\0b",
    "half \ud83d",
    "'; DROP TABLE raw_events; --",
    "\\.",
    "a\n\\.\nb",
    '"quoted",\t\r\n\\N',
    "",
    "%s {} $1",
    "\U0001d4b3" * 500,
]


def test_hostile_strings_are_stored_as_they_are_or_visibly_replaced(store, settings):
    write_batch(store, RAW_EVENTS, "'\\", [event(f"e{n}", item=text) for n, text in enumerate(HOSTILE)])

    stored = [row[0] for row in read(settings, "SELECT item_id FROM raw_events ORDER BY event_id")]

    assert stored == ["a\ufffdb", "half \ufffd", *HOSTILE[2:]]


def test_keys_with_unstorable_characters_are_deleted_too(store, settings):
    write_batch(store, CHURN_PREDICTION, "1", [prediction("a\0", 0.1)])

    assert write_batch(store, CHURN_PREDICTION, "2", [], deleted=[("a\0",)]).deleted == 1


def test_a_row_that_is_refused_leaves_nothing_and_is_one_sentence_without_the_row(store, settings):
    with pytest.raises(ServiceError, match="PostgreSQL refused the work: null value in column") as error:
        write_batch(store, CHURN_PREDICTION, "1", [prediction("ann", 0.1), ("bob", *[None] * 6)])

    assert "bob" not in str(error.value)
    assert read(settings, "SELECT * FROM churn_prediction") == []
    assert write_batch(store, CHURN_PREDICTION, "1", [prediction("ann", 0.1)]).changed == 1


def test_rows_that_can_be_used_only_once_are_refused(store):
    with pytest.raises(TypeError, match="gone through again"):
        write_batch(store, RAW_EVENTS, "1", iter([event("e")]))


def test_two_writers_at_once_write_each_row_once(settings):
    def write(worker):
        with database.connect(settings) as store:
            return [
                write_batch(store, RAW_EVENTS, f"{batch}", [event(f"e{n}", days_ago=n % 3) for n in shared(batch)])
                for batch in (range(6) if worker else reversed(range(6)))
            ]

    def shared(batch):
        # Half of each batch is in the next one as well; one worker goes forward in it, the other one back.
        return range(batch * 100, batch * 100 + 200)

    with ThreadPoolExecutor(2) as pool:
        written = [result for results in pool.map(write, range(2)) for result in results]

    assert sum(not result.repeated for result in written) == 6
    assert sum(result.changed for result in written) == 700
    assert len(events(settings)) == 700


class Interrupted:
    """Rows in whose middle something happens, the first time."""

    def __init__(self, rows, happens):
        self.rows, self.happens = rows, happens

    def __iter__(self):
        for number, row in enumerate(self.rows):
            if number == len(self.rows) // 2 and self.happens:
                happens, self.happens = self.happens, None
                happens()
            yield row


@pytest.fixture
def own_server(tmp_path):
    """Settings of an embedded PostgreSQL that nobody else uses."""
    settings = Settings(reclake_home=tmp_path, database_url=None)
    yield settings
    services.down(settings)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_ends_in_the_middle_of_a_batch_is_started_again_and_the_batch_written_once(own_server, end):
    def kill():
        os.kill(Place(own_server.home, "postgresql").read().process.pid, end)

    with database.connect(own_server) as store:
        write_batch(store, RAW_EVENTS, "1", [event("before")])
        rows = Interrupted([event(f"e{n:05}") for n in range(20_000)], kill)

        written = write_batch(store, RAW_EVENTS, "2", rows)

        assert rows.happens is None
        assert written.changed == 20_000
        assert write_batch(store, RAW_EVENTS, "2", rows).repeated
    assert len(events(own_server)) == 20_001


def test_the_password_is_in_no_log_state_or_command_line(own_server):
    with database.connect(own_server) as store:
        write_batch(store, RAW_EVENTS, "1", [event("e")])
        place = Place(own_server.home, "postgresql")
        password = (place.folder / "password").read_text()
        commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        files = [file for file in own_server.home.rglob("*") if file.is_file() and file.name != "password"]

    assert len(password) >= 32
    assert (place.folder / "password").stat().st_mode & 0o777 == 0o600
    assert not any(password in command for command in commands)
    assert not any(password.encode() in file.read_bytes() for file in files if file.stat().st_size < 10_000_000)
    assert password not in str(services.status(own_server))


def test_the_server_runs_in_a_home_that_is_closed_to_others_and_opens_no_folder(tmp_path):
    home = tmp_path / "closed" / "home"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    before = {folder: folder.stat().st_mode for folder in home.parents}
    settings = Settings(reclake_home=home, database_url=None)

    with database.connect(settings) as store:
        write_batch(store, RAW_EVENTS, "1", [event("e")])
    services.down(settings)

    assert len(events(settings)) == 1
    assert {folder: folder.stat().st_mode for folder in home.parents} == before
    services.down(settings)


@pytest.fixture
def open_folder():
    """A folder that, unlike `tmp_path`, any user may pass through."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root runs the programs where they are")
def test_programs_that_are_closed_to_the_server_run_from_a_copy(own_server, monkeypatch, tmp_path, open_folder):
    site = tmp_path / "site"
    installed = Path(find_spec("pgserver").origin).parent
    shutil.copytree(installed, site / "pgserver")
    shutil.copytree(installed.with_suffix(".libs"), site / "pgserver.libs")
    site.chmod(0o700)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr("lakehouse.services.postgresql._COPIES", open_folder)

    with database.connect(own_server) as store:
        write_batch(store, RAW_EVENTS, "1", [event("e")])
        program = Path(psutil.Process(Place(own_server.home, "postgresql").read().process.pid).exe())

    assert program.is_relative_to(open_folder)
    assert [folder.name.partition("-")[0] for folder in open_folder.iterdir()] == ["pgserver"]
    assert site.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root runs the programs where they are")
def test_where_programs_can_be_copied_nowhere_one_sentence_says_what_to_do(own_server, monkeypatch):
    monkeypatch.setattr("lakehouse.services.postgresql._may_run", lambda user, program: False)
    monkeypatch.setattr("lakehouse.services.postgresql._COPIES", Path("/proc/nothing"))

    with pytest.raises(ServiceError, match="Install RecLake where every user may read it, or set DATABASE_URL"):
        services.database_url(own_server)


def test_a_server_of_the_settings_is_waited_for(own_server):
    def restart():
        process.stop(postgresql(), own_server.home)
        process.start(postgresql(), own_server.home)

    process.start(postgresql(), own_server.home)
    url = services.database_url(own_server)
    restarted = threading.Thread(target=restart)

    with database.connect(Settings(reclake_home=own_server.home, database_url=url)) as store:
        rows = Interrupted([event(f"e{n}") for n in range(20_000)], restarted.start)
        written = write_batch(store, RAW_EVENTS, "1", rows)
        restarted.join()

    assert written.changed == 20_000


def test_migrations_can_be_applied_twice_and_at_once(settings):
    def migrate(_):
        with database.connect(settings) as store:
            return store.repeat(lambda connection: connection.execute("SELECT * FROM alembic_version").fetchall())

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(migrate, range(4)))

    assert migrate(0) == at_once[0]
    assert all(versions == [(newest(),)] for versions in at_once)


def test_tables_of_a_newer_version_are_left_alone(store, settings):
    store.repeat(lambda connection: connection.execute("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ServiceError, match="belong to a newer version of RecLake"), database.connect(settings):
        pass


def test_a_reader_cannot_write(store, settings):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), database.connect_read_only(settings) as connection:
        connection.execute("DELETE FROM raw_events")


def test_a_server_that_takes_connections_and_says_nothing_is_given_up(settings, monkeypatch):
    monkeypatch.setattr("lakehouse.database.connection._CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/db"

        with (
            pytest.raises(ServiceError, match="PostgreSQL did not answer"),
            database.connect_read_only(settings.model_copy(update={"database_url": SecretStr(url)})),
        ):
            pass


def test_who_has_been_away_for_too_long_to_be_predicted_is_no_alert_any_more(store, settings):
    user, day, *rest = prediction("left", 0.99)
    rows = [(user, day - timedelta(days=1), *rest), prediction("may leave", 0.8), prediction("stays", 0.1)]
    write_batch(store, CHURN_PREDICTION, "1", rows)
    stores = Stores(settings)

    assert list(churn.alerts(stores, 10).rows["user_id"]) == ["may leave", "stays"]
    assert list(churn.summary(stores).rows["shoppers"]) == [1, 1]


def test_a_reader_of_an_empty_database_is_told_so(settings):
    with (
        pytest.raises(NothingToServeError, match="reclake run realtime"),
        database.connect_read_only(settings) as connection,
    ):
        connection.execute("SELECT * FROM raw_events")


def test_new_days_keep_no_reader_waiting(store, settings):
    write_batch(store, RAW_EVENTS, "1", [event("a")])
    seen = []

    def look():
        with database.connect_read_only(settings) as connection:
            seen.extend(connection.execute("SELECT event_id FROM raw_events").fetchall())

    def write_and_look(connection):
        with connection.transaction():
            make_partition(connection, RAW_EVENTS, NOON.date() - timedelta(days=1))
            look()

    store.repeat(write_and_look)

    assert seen == [("a",)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda url: url.replace(url.split("@")[0].rpartition(":")[2], "hunter2"), "refused the connection"),
        (lambda url: url.rpartition("/")[0] + "/elsewhere", "refused the connection"),
        (lambda url: "postgresql://reclake:hunter2@127.0.0.1:1/db", "did not answer"),
    ],
)
def test_a_server_that_is_away_or_refuses_is_one_sentence_without_the_password(settings, change, sentence):
    url = settings.database_url.get_secret_value()
    wrong = settings.model_copy(update={"database_url": Settings(database_url=change(url)).database_url})

    with pytest.raises(ServiceError, match=sentence) as error, database.connect(wrong):
        pass

    assert "hunter2" not in str(error.value)
    assert url not in str(error.value)


@pytest.mark.parametrize("url", ["hunter2", "postgresql://u:hunter2@host/db?nonsense=1", "mysql://hunter2"])
def test_a_wrong_url_is_one_sentence_without_it(settings, url):
    wrong = settings.model_copy(update={"database_url": Settings(database_url=url).database_url})

    with pytest.raises(SettingsError, match="DATABASE_URL cannot be used") as error, database.connect_read_only(wrong):
        pass

    assert "hunter2" not in str(error.value)
