"""Tracking: which server, and what if it is away."""

import socket

import pytest

from lakehouse.errors import ServiceError
from lakehouse.settings import Settings
from lakehouse.tracking import all_found, artifact_location, tracked_run, tracking_client


def test_files_of_runs_are_beside_a_file_of_this_machine_and_with_a_server_where_it_says(tmp_path):
    local = Settings(reclake_home=tmp_path, mlflow_tracking_uri=None)

    assert artifact_location(local) == (tmp_path / "mlartifacts").as_uri()
    assert artifact_location(Settings(mlflow_tracking_uri="http://mlflow:5000")) is None
    assert artifact_location(Settings(mlflow_tracking_uri="databricks")) is None


@pytest.mark.parametrize("ask", [tracking_client, lambda settings: tracked_run(settings, "train").__enter__()])
def test_a_server_that_is_away_is_one_sentence_without_its_password(ask):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        uri = f"http://anna:secret@127.0.0.1:{bound.getsockname()[1]}"

        with pytest.raises(ServiceError, match=r"127\.0\.0\.1:\d+ does not answer .*what is served stays") as raised:
            ask(Settings(mlflow_tracking_uri=uri))

    assert "secret" not in str(raised.value)


def test_a_search_finds_all_however_small_the_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("lakehouse.tracking._PAGE", 2)
    client = tracking_client(Settings(reclake_home=tmp_path, mlflow_tracking_uri=None))
    client.create_registered_model("m")
    for _ in range(5):
        client.create_model_version("m", "somewhere")

    found = all_found(client.search_model_versions, filter_string="name='m'")

    assert sorted(int(one.version) for one in found) == [1, 2, 3, 4, 5]
