"""Settings from a secret scope, and what is said of one that cannot be read."""

import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No `.env` of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONGODB_URI", raising=False)


def test_secrets_come_from_the_scope_behind_all_else(workspace):
    workspace.scopes["lake"] = {
        "mongodb_uri": "mongodb://ü@store/",
        "database_url": "postgresql://scope/",
        "other": "x",
    }

    settings = load_settings(secret_scope="lake", database_url="postgresql://said/")

    assert settings.mongodb_uri.get_secret_value() == "mongodb://ü@store/"
    assert settings.database_url.get_secret_value() == "postgresql://said/"


def test_a_scope_that_is_not_there_or_not_to_be_read_is_one_sentence(workspace):
    with pytest.raises(
        SettingsError, match=r"secret scope lake cannot be read: no such thing\. `reclake cloud prepare`"
    ):
        load_settings(secret_scope="lake")

    workspace.faults["/api/2.0/secrets/list"] = (403, "PERMISSION_DENIED", "User does not have permission to list")
    with pytest.raises(SettingsError, match="secret scope lake cannot be read: User does not have permission"):
        load_settings(secret_scope="lake")


def test_an_env_file_that_is_no_text_is_one_sentence(tmp_path):
    (tmp_path / ".env").write_bytes("TOP_N=5\n".encode("utf-16"))

    with pytest.raises(SettingsError, match=r"`\.env` cannot be read: it is not UTF-8\. Save it as UTF-8"):
        load_settings()
