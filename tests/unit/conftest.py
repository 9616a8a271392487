"""Simulated shoppers and a churn model trained on them, once for all tests that need them; and a workspace."""

import pytest

from benchmarks.churn import labelled
from gold.churn.training import train
from lakehouse.settings import Settings
from tests.unit.workspace import Workspace


@pytest.fixture(scope="session")
def shoppers():
    """Inputs and labels of ten simulated weeks."""
    return labelled(seed=1, weeks=10, users=1_500, events=45_000, churners=0.2)


@pytest.fixture(scope="session")
def churn_settings(shoppers, tmp_path_factory):
    """Settings of a home whose registry has a champion; not to be changed by tests."""
    settings = Settings(
        reclake_home=tmp_path_factory.mktemp("churn"),
        mlflow_tracking_uri=None,
        churn_api_url=None,
        churn_api_key=None,
    )
    assert train(settings, shoppers).serves
    return settings


@pytest.fixture
def own_registry(churn_settings, tmp_path):
    """The same in a registry of the test's own."""
    (tmp_path / "mlflow.db").write_bytes((churn_settings.home / "mlflow.db").read_bytes())
    return churn_settings.model_copy(update={"reclake_home": tmp_path})


@pytest.fixture
def workspace(monkeypatch, tmp_path):
    """The Databricks workspace of this process: one that answers what the test gives it."""
    with Workspace() as answering:
        monkeypatch.setenv("DATABRICKS_HOST", answering.address)
        monkeypatch.setenv("DATABRICKS_TOKEN", "personal")
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
        yield answering
