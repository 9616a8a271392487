"""`reclake cloud` against a workspace that answers over HTTP: what is missing, what is made, and what is refused."""

import base64
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lakehouse.errors import SettingsError
from reclake.app import app
from tests.unit.bundle import BUNDLE

ME = {"id": "1", "userName": "ann@example.com", "groups": [{"display": "analysts"}]}
PRINCIPAL = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
VOLUME = "/api/2.1/unity-catalog/volumes/main.dev_ann_example_com_lake_ops.files"
RIGHTS = "/api/2.1/unity-catalog/effective-permissions/CATALOG/main"
ENCODER = "/Volumes/main/dev_ann_example_com_lake_ops/files/text_encoder"
BROKERS = ("--var", "kafka_bootstrap_servers=broker:9092")
ENV = """
KAFKA_API_KEY=the-key
KAFKA_API_SECRET="a 'quoted' s3cret"
MONGODB_URI=mongodb://writer:pa55@store/
DASHBOARD_MONGODB_URI=mongodb://reader:w0rd@store/
RECLAKE_HOME=elsewhere
"""
SECRET = ("s3cret", "pa55", "w0rd", "the-key")


def granted(*privileges, to="analysts"):
    return {
        "privilege_assignments": [{"principal": to, "privileges": [{"privilege": one} for one in privileges]}],
    }


@pytest.fixture
def lake(workspace, tmp_path, monkeypatch):
    """A workspace that has all that an administrator makes, and a checkout with an encoder and secrets."""
    workspace.answers |= {
        "/api/2.0/preview/scim/v2/Me": ME,
        "/api/2.1/unity-catalog/catalogs/main": {"name": "main", "owner": "admin@example.com"},
        RIGHTS: granted("USE_CATALOG", "CREATE_SCHEMA"),
        "/api/2.1/unity-catalog/schemas": {"schemas": [{"name": "default"}]},
        "/api/2.0/sql/warehouses": {"warehouses": [{"id": "abc", "name": "Shared"}]},
        "/api/2.0/preview/scim/v2/Groups": {"totalResults": 1, "Resources": [{"id": "7", "displayName": "analysts"}]},
        "/api/2.0/apps": {},
        "/api/2.0/postgres/projects": {},
    }
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    (tmp_path / ".env").write_text(ENV)
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "model.onnx").write_bytes(b"graph")
    (encoder / "model.onnx.data").write_bytes(b"weights")
    (encoder / "tokenizer.json").write_bytes(b"{}")
    monkeypatch.setenv("TEXT_ENCODER", str(encoder))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return workspace


def deploy(lake):
    """What a deployment makes of it."""
    lake.answers |= {
        VOLUME: {"name": "files"},
        "/api/2.0/apps/lake-dev-1": {"name": "lake-dev-1", "service_principal_client_id": PRINCIPAL},
    }


def run(*arguments):
    done = CliRunner().invoke(app, ["cloud", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit | SettingsError), done.exception
    return done


def states(output, state):
    return [line for line in output.splitlines() if f" {state} " in f"{line} "]


def test_an_empty_workspace_lacks_what_nobody_has_made_yet_and_each_has_its_remedy(lake):
    done = run("check", "-t", "dev")

    assert done.exit_code == 1
    missing = "\n".join(states(done.output, "missing"))
    for subject, remedy in {
        "variable kafka_bootstrap_servers": "BUNDLE_VAR_kafka_bootstrap_servers",
        "secrets lake-dev ": "reclake cloud prepare -t dev",
        "secrets lake-dev-app": "reclake cloud prepare -t dev",
    }.items():
        assert subject in missing
        assert remedy in done.output
    assert "3 missing." in done.output
    assert "volume" in states(done.output, "optional")[0]


def test_a_preparation_a_deployment_and_a_preparation_leave_nothing_to_do(lake):
    first = run("prepare", "-t", "dev")

    assert first.exit_code == 0
    assert lake.scopes == {
        "lake-dev": {
            "kafka_api_key": "the-key",
            "kafka_api_secret": "a 'quoted' s3cret",
            "mongodb_uri": "mongodb://writer:pa55@store/",
        },
        "lake-dev-app": {"mongodb_uri": "mongodb://reader:w0rd@store/"},
    }
    assert len(states(first.output, "later")) == 2
    assert "databricks bundle deploy -t dev" in first.output
    assert lake.files == {}

    deploy(lake)
    second = run("prepare", "-t", "dev")

    assert second.exit_code == 0
    assert lake.acls == {
        "lake-dev": {"ann@example.com": "MANAGE"},
        "lake-dev-app": {"ann@example.com": "MANAGE", PRINCIPAL: "READ"},
    }
    assert lake.files == {
        f"{ENCODER}/model.onnx": b"graph",
        f"{ENCODER}/model.onnx.data": b"weights",
        f"{ENCODER}/tokenizer.json": b"{}",
    }
    assert states(second.output, "later") == []

    checked = run("check", "-t", "dev", *BROKERS)
    assert checked.exit_code == 0, checked.output
    assert "Nothing that is needed is missing." in checked.output


def test_a_third_preparation_changes_nothing_and_a_changed_secret_or_encoder_is_brought(lake, tmp_path):
    deploy(lake)
    run("prepare", "-t", "dev")
    lake.asked.clear()

    again = run("prepare", "-t", "dev")

    assert lake.asked == []
    assert states(again.output, "done") == []

    (tmp_path / ".env").write_text(ENV.replace("the-key", "new-key"))
    (tmp_path / "encoder" / "model.onnx").write_bytes(b"GRAPH")
    changed = run("prepare", "-t", "dev")

    assert [asked["key"] for asked in lake.asked] == ["kafka_api_key"]
    assert lake.files[f"{ENCODER}/model.onnx"] == b"GRAPH"
    assert len(states(changed.output, "done")) == 2


def test_no_secret_is_shown_even_if_the_workspace_repeats_it(lake, caplog):
    caplog.set_level("INFO")
    lake.faults["/api/2.0/secrets/put"] = (400, "INVALID_PARAMETER_VALUE", "Cannot store {}")

    refused = run("prepare", "-t", "dev")
    lake.faults.clear()
    done = run("prepare", "-t", "dev")

    assert refused.exit_code == 1
    assert "Cannot store" in refused.output
    shown = refused.output + done.output + caplog.text + str(refused.exception)
    assert [secret for secret in SECRET if secret in shown] == []
    assert [base64.b64encode(secret.encode()).decode() in shown for secret in SECRET] == [False] * 4


def test_what_a_file_of_secrets_lacks_is_named_as_that_file_would_name_it(lake, tmp_path):
    (tmp_path / "prod.env").write_text("KAFKA_API_KEY=k\n")

    done = run("prepare", "-t", "dev", "--secrets", "prod.env")

    assert done.exit_code == 1
    assert "put KAFKA_API_SECRET, MONGODB_URI into prod.env" in " ".join(done.output.split())
    assert "DASHBOARD_MONGODB_URI" in done.output
    assert lake.scopes["lake-dev"] == {"kafka_api_key": "k"}


def test_without_a_file_of_secrets_nothing_is_made(lake, tmp_path):
    (tmp_path / ".env").unlink()

    done = run("prepare", "-t", "dev")

    assert "There is no file .env" in str(done.exception)
    assert lake.scopes == {}


@pytest.mark.parametrize(
    ("path", "fault", "said", "todo"),
    [
        ("/api/2.1/unity-catalog/catalogs/main", (404, "CATALOG_DOES_NOT_EXIST", "Catalog 'main' does not exist."),
         "Catalog 'main' does not exist", "--var catalog=NAME"),
        ("/api/2.0/secrets/list", (403, "PERMISSION_DENIED", "no READ"), "you may not read it", "manages the scope"),
        ("/api/2.0/apps", (404, "FEATURE_DISABLED", "Apps are off."), "Apps are off", "dashboard.app.yml"),
        ("/api/2.0/postgres/projects", (403, "PERMISSION_DENIED", "not enabled"), "not to be had here", "database_url"),
        ("/api/2.0/sql/warehouses", (403, "PERMISSION_DENIED", "no entitlement"), "no entitlement", "administrator"),
    ],
)  # fmt: skip
def test_what_a_workspace_refuses_is_a_line_and_all_else_is_checked(lake, path, fault, said, todo):
    deploy(lake)
    run("prepare", "-t", "dev")
    lake.faults[path] = fault

    done = run("check", "-t", "dev", *BROKERS)

    flat = " ".join(done.output.split())
    assert said in flat
    assert todo in flat
    assert "Traceback" not in flat
    assert all(subject in flat for subject in ("sign-in", "group analysts", "Lakebase"))
    assert done.exit_code == (0 if "cannot be asked" in flat else 1)


def test_who_may_not_make_schemas_is_told_whom_to_ask_for_what(lake):
    lake.answers[RIGHTS] = granted("USE_CATALOG")

    flat = " ".join(run("check", "-t", "dev").output.split())

    assert "neither you nor your groups have CREATE SCHEMA" in flat
    assert "Have admin@example.com GRANT CREATE SCHEMA ON CATALOG main TO `ann@example.com`" in flat


def test_rights_of_others_are_not_ones_own_and_owners_have_all(lake):
    lake.answers[RIGHTS] = granted("ALL_PRIVILEGES", to="others")
    assert "USE CATALOG, CREATE SCHEMA" in run("check", "-t", "dev").output

    lake.answers["/api/2.1/unity-catalog/catalogs/main"] = {"name": "main", "owner": "ann@example.com"}
    assert "you may make schemas" in run("check", "-t", "dev").output


def test_a_group_of_viewers_and_a_warehouse_that_are_not_there_are_missing(lake):
    lake.answers["/api/2.0/preview/scim/v2/Groups"] = {"totalResults": 0}

    output = run("check", "-t", "dev", "--var", "dashboard_warehouse=xyz").output

    missing = "\n".join(states(output, "missing"))
    assert "group analysts" in missing
    assert "xyz: no such thing" in missing


def test_the_principal_of_a_target_gets_to_read_secrets_and_to_let_its_app_read_them(lake):
    lake.answers["/api/2.0/preview/scim/v2/ServicePrincipals"] = {"totalResults": 1, "Resources": [{"id": "3"}]}
    prod = ("-t", "prod", "--var", f"service_principal={PRINCIPAL}")
    for scope in ("lake-prod", "lake-prod-app"):
        lake.scopes[scope], lake.acls[scope] = {}, {"ann@example.com": "MANAGE"}
    before = " ".join(run("check", *prod).output.split())
    assert f"{PRINCIPAL} lacks READ" in before
    assert f"{PRINCIPAL} lacks MANAGE" in before

    run("prepare", *prod)

    assert lake.acls == {
        "lake-prod": {"ann@example.com": "MANAGE", PRINCIPAL: "READ"},
        "lake-prod-app": {"ann@example.com": "MANAGE", PRINCIPAL: "MANAGE"},
    }
    assert "lacks READ" not in run("check", *prod).output


@pytest.mark.parametrize("command", ["check", "prepare"])
def test_who_is_not_signed_in_gets_one_sentence(lake, monkeypatch, command):
    lake.faults["/api/2.0/preview/scim/v2/Me"] = (401, "UNAUTHENTICATED", "Invalid access token.")
    expired = run(command)
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.delenv("DATABRICKS_HOST")
    nobody = run(command)
    unknown = run(command, "--profile", "nope")

    for done in (expired, nobody, unknown):
        assert str(done.exception).startswith("You are not signed in to a workspace: ")
        assert "databricks auth login" in str(done.exception)
        assert "\n" not in str(done.exception)
    assert "Invalid access token" in str(expired.exception)


def test_a_workspace_that_is_away_is_one_sentence_within_seconds(lake, monkeypatch):
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr("lakehouse.cloud.workspace._ANSWER_SECONDS", 1)

    assert str(run("check").exception).startswith("The workspace does not answer. Check its address")


def test_free_edition_needs_no_secrets_and_gets_its_encoder_and_its_own_warehouse(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])
    lake.answers |= {
        "/api/2.1/unity-catalog/catalogs/workspace": {"name": "workspace", "owner": "ann@example.com"},
        "/api/2.1/unity-catalog/volumes/workspace.reclake_ops.files_free": {"name": "files_free"},
        "/api/2.0/sql/warehouses": {"warehouses": [{"id": "abc", "name": "Serverless Starter Warehouse"}]},
    }

    prepared = run("prepare", "-t", "free", "--secrets", str(tmp_path / "none"))
    checked = run("check", "-t", "free")

    assert (prepared.exit_code, checked.exit_code) == (0, 0), prepared.output + checked.output
    folder = "/Volumes/workspace/reclake_ops/files_free/text_encoder"
    assert sorted(lake.files) == [f"{folder}/{name}" for name in ("model.onnx", "model.onnx.data", "tokenizer.json")]
    assert lake.scopes == {}
    assert states(checked.output, "missing") == states(checked.output, "optional") == []
