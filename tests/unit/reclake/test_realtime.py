"""The commands `stream` and `funnel`: what they refuse, and a PostgreSQL that is away. (What they run is the job's.)"""

import pytest
from typer.testing import CliRunner

from lakehouse.errors import ServiceError
from reclake.app import app


@pytest.mark.parametrize("arguments", [("funnel", "-n", "0"), ("stream", "--seconds", "-1"), ("train", "nothing")])
def test_arguments_out_of_range_are_refused(arguments):
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert arguments[1] in result.output


def test_a_database_that_is_away_is_one_sentence_without_the_password(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    away = {"RECLAKE_HOME": str(tmp_path), "DATABASE_URL": "postgresql://reader:hidden@127.0.0.1:9/shop"}

    result = CliRunner().invoke(app, ["funnel"], env=away)

    assert isinstance(result.exception, ServiceError)
    assert "Check DATABASE_URL" in str(result.exception)
    assert "hidden" not in str(result.exception)
