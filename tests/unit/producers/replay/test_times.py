"""Times as the world writes them: read over the whole recording, or refused at once."""

from __future__ import annotations

import datetime as dt

import pytest

from lakehouse.errors import InputFileError, TaskParameterError
from producers.replay.times import Given
from tests.unit.producers.replay.looked_at import sent, told, written


def times(tmp_path, *values: str, **given) -> list[str | None]:
    rows = "".join(f'"{value}",u{n},ep,like\n' for n, value in enumerate(values))
    path = written(tmp_path / "a.csv", "ts,user_id,new_episode_id,event\n" + rows)
    found = {event["user_id"]: event["ts"] for event in sent(path, times=Given(**given))}
    return [found[f"u{n}"] for n in range(len(values))]


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("20150601", "2015-06-01T00:00:00.000Z"),
        ("20150601.0", "2015-06-01T00:00:00.000Z"),
        ("201506011230", "2015-06-01T12:30:00.000Z"),
        ("20150601123045", "2015-06-01T12:30:45.000Z"),
        ("20150601T123045Z", "2015-06-01T12:30:45.000Z"),
        ("2015-06-01", "2015-06-01T00:00:00.000Z"),
        ("2015/6/1", "2015-06-01T00:00:00.000Z"),
        ("2024-1-5T09:03:00Z", "2024-01-05T09:03:00.000Z"),
        ("2024-01-05 9:03", "2024-01-05T09:03:00.000Z"),
        ("2024-01-05T09:03:00,250", "2024-01-05T09:03:00.250Z"),
        ("2024-01-05 09:03:00 UTC", "2024-01-05T09:03:00.000Z"),
        ("2024-01-05T09:03:00+0200", "2024-01-05T07:03:00.000Z"),
        ("2024-01-05T09:03:00 -05:00", "2024-01-05T14:03:00.000Z"),
        ("2024-01-05 09:03:00.123456789", "2024-01-05T09:03:00.123Z"),
        ("2024-01-05 9:03 PM", "2024-01-05T21:03:00.000Z"),
        ("05 Jan 2024, 09:03", "2024-01-05T09:03:00.000Z"),
        ("Jan 5, 2024, 9:03:00 AM", "2024-01-05T09:03:00.000Z"),
        ("Fri, 05 Jan 2024 09:03:00 GMT", "2024-01-05T09:03:00.000Z"),
        ("05/Jan/2024:09:03:00 +0200", "2024-01-05T07:03:00.000Z"),
        ("31.12.2023 10:00", "2023-12-31T10:00:00.000Z"),
        ("31/12/2023 10:00:01", "2023-12-31T10:00:01.000Z"),
        ("12/31/2023", "2023-12-31T00:00:00.000Z"),
        ("1704445380", "2024-01-05T09:03:00.000Z"),
        ("1704445380.25", "2024-01-05T09:03:00.250Z"),
        ("1.70444538E9", "2024-01-05T09:03:00.000Z"),
        ("1704445380000", "2024-01-05T09:03:00.000Z"),
        ("1704445380000000", "2024-01-05T09:03:00.000Z"),
        ("1704445380000000000", "2024-01-05T09:03:00.000Z"),
        (" 1704445380\u00a0", "2024-01-05T09:03:00.000Z"),
    ],
)
def test_a_time_is_read(tmp_path, value, time):
    assert times(tmp_path, value) == [time]


@pytest.mark.parametrize(
    ("value", "given", "time"),
    [
        ("2024-07-05 10:00", {"zone": "Europe/Berlin"}, "2024-07-05T08:00:00.000Z"),
        ("05.01.2024 10:00", {"zone": "Europe/Berlin"}, "2024-01-05T09:00:00.000Z"),
        ("2024-07-05T10:00:00Z", {"zone": "Europe/Berlin"}, "2024-07-05T10:00:00Z"),
        ("1704445380", {"zone": "Europe/Berlin"}, "2024-01-05T09:03:00.000Z"),
        ("20240105", {"zone": "America/New_York"}, "2024-01-05T05:00:00.000Z"),
        ("1/2/2024", {"day_first": True}, "2024-02-01T00:00:00.000Z"),
        ("1/2/2024", {"day_first": False}, "2024-01-02T00:00:00.000Z"),
        ("45000.5", {"pattern": "excel"}, "2023-03-15T12:00:00.000Z"),
        ("45000", {"pattern": "s"}, "1970-01-01T12:30:00.000Z"),
        ("1500", {"pattern": "ms"}, "1970-01-01T00:00:01.500Z"),
        ("31.12.23 10:00", {"pattern": "%d.%m.%y %H:%M", "zone": "Europe/Berlin"}, "2023-12-31T09:00:00.000Z"),
    ],
)
def test_a_time_is_read_as_it_is_said_to_be(tmp_path, value, given, time):
    assert times(tmp_path, value, **given) == [time]


def test_the_whole_file_tells_which_number_is_the_day(tmp_path):
    assert times(tmp_path, "1/2/2024", "31/1/2024") == ["2024-02-01T00:00:00.000Z", "2024-01-31T00:00:00.000Z"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("1/2/2024", "3/4/2024"), "Say it: `--day-first` or `--month-first`"),
        (("31/2/2024", "1/31/2024"), "Say it: `--day-first` or `--month-first`"),
        (("45000", "45001.5"), "`--time-format excel` or `--time-format s`"),
        (("31.12.23",), "No row of a.csv would be understood, most because of a time"),
        (("soon", ""), "No row of a.csv would be understood"),
        (("1969-12-31",), "No row of a.csv would be understood, most because of a time before 1970"),
        (("2199-01-01",), "No row of a.csv would be understood, most because of a time that is still to come"),
    ],
)
def test_times_that_tell_too_little_are_refused_before_anything_is_sent(tmp_path, values, message):
    with pytest.raises(InputFileError) as raised:
        times(tmp_path, *values)

    assert "Nothing of" in str(raised.value)
    assert message in str(raised.value)


def test_rows_with_times_that_silver_does_not_take_are_told_with_what_helps(tmp_path):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=8)
    values = ["2024-01-05", "2024-02-30", "soon", "1969-01-01", later.isoformat()]
    rows = "".join(f"{value},u,ep,like\n" for value in values)

    recording, survey = told(written(tmp_path / "a.csv", "ts,user_id,new_episode_id,event\n" + rows))

    assert [finding.text.split(" If")[0] for finding in survey.findings] == [
        "2 rows: a time that is not understood (first line 3 of a.csv).",
        "1 rows: a time before 1970 (first line 5 of a.csv).",
        "1 rows: a time that is still to come (first line 6 of a.csv).",
    ]
    assert recording.fate == {("a.csv", "event"): 5}


@pytest.mark.parametrize("given", [{"zone": "Berlin"}, {"pattern": "minutes"}])
def test_a_zone_or_format_that_is_none_is_refused(given):
    with pytest.raises(TaskParameterError, match="is n"):
        Given(**given)
