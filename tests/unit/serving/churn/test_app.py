"""The churn API over HTTP: what it answers, what it refuses and how, and how it comes by its model."""

import json
import socket

import httpx
import pytest
from pydantic import SecretStr
from tenacity import Retrying, stop_after_delay, wait_fixed

from gold.churn.candidates import RECENCY, fit
from gold.churn.features import INPUTS, OPTIONAL
from gold.churn.inputs import matrix
from gold.churn.registered import champion_version, churn_models
from gold.churn.training import log_and_register
from gold.judging.registry import CHAMPION
from lakehouse.errors import ServiceError, SettingsError
from lakehouse.settings import load_settings
from lakehouse.tracking import tracked_run, tracking_client
from serving.churn.answers import MOST_ROWS
from serving.churn.app import create_app
from serving.churn.current import Current
from serving.churn.guard import MOST_BYTES
from serving.churn.server import listen
from tests.unit.serving.churn.api import running

MINIMAL = {"num_views": 5, "num_add_to_cart": 2, "num_purchases": 0}
FULL = MINIMAL | {
    "num_clicks": 0,
    "recent_events": 3,
    "recency_days": 2,
    "active_days": 2,
    "num_sessions": 2,
    "mean_session_seconds": 61.5,
    "tenure_days": 90,
}


@pytest.fixture(scope="module")
def api(churn_settings):
    with running(churn_settings) as client:
        yield client


def test_three_counts_are_enough_and_the_answer_says_what_was_filled_in(api, churn_settings):
    answer = api.post("/predict", json=MINIMAL)

    assert answer.status_code == 200
    found = answer.json()
    assert found.keys() == {"churned", "churn_probability", "threshold", "model_version", "imputed"}
    assert found["churned"] is (found["churn_probability"] >= found["threshold"])
    assert found["model_version"] == champion_version(churn_settings).number
    assert found["imputed"] == list(OPTIONAL)


def test_a_batch_answers_each_row_as_it_would_alone(api):
    alone = [api.post("/predict", json=row).json() for row in (MINIMAL, FULL)]

    found = api.post("/predict/batch", json={"rows": [MINIMAL, FULL]}).json()

    assert [one["churn_probability"] for one in found["predictions"]] == pytest.approx(
        [one["churn_probability"] for one in alone], rel=1e-12
    )
    assert [one["imputed"] for one in found["predictions"]] == [list(OPTIONAL), []]


def without(name):
    return {key: value for key, value in MINIMAL.items() if key != name}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (MINIMAL | {"num_views": -1}, "num_views"),
        (MINIMAL | {"num_views": "5"}, "num_views"),
        (MINIMAL | {"num_views": 1.5}, "num_views"),
        (MINIMAL | {"num_views": None}, "num_views"),
        (MINIMAL | {"num_views": True}, "num_views"),
        (MINIMAL | {"num_views": 10**30}, "num_views"),
        (MINIMAL | {"num_views": [5]}, "num_views"),
        (without("num_add_to_cart"), "num_add_to_cart"),
        (MINIMAL | {"num_likes": 1}, "num_likes"),
        (MINIMAL | {"recency_days": 0}, "recency_days"),
        (MINIMAL | {"mean_session_seconds": float("nan")}, "mean_session_seconds"),
        (MINIMAL | {"num_purchases": float("inf")}, "num_purchases"),
        ([], "body"),
        (None, "body"),
        ("text", "body"),
    ],
)
def test_a_wrong_field_is_named(api, body, field):
    answer = api.post("/predict", content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert field in [fault["field"] for fault in answer.json()["faults"]]
    assert field in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": [MINIMAL, MINIMAL | {"num_views": -1}]}, "rows.1.num_views"),
        ({"rows": []}, "rows"),
        ({"rows": [MINIMAL] * (MOST_ROWS + 1)}, "rows"),
        ({"row": [MINIMAL]}, "row"),
    ],
)
def test_a_wrong_field_of_a_batch_is_named_with_its_row(api, body, field):
    answer = api.post("/predict/batch", json=body)

    assert answer.status_code == 422
    assert field in [fault["field"] for fault in answer.json()["faults"]]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"num_views": 5,}'])
def test_a_body_that_is_no_json_is_refused(api, content):
    answer = api.post("/predict", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_refused(api, kind):
    headers = {"Content-Type": kind} if kind else {}

    assert api.post("/predict", content=json.dumps(MINIMAL), headers=headers).status_code == 415


def test_a_megabyte_is_refused_and_the_next_request_answered(api):
    def chunks():
        for _ in range(16):
            yield b" " * 2**16

    for content in (b" " * 2**20, chunks()):
        answer = api.post("/predict", content=content, headers={"Content-Type": "application/json"})

        assert answer.status_code == 413
        assert f"{MOST_BYTES:,}" in answer.json()["detail"]
    assert api.post("/predict", json=MINIMAL).status_code == 200


def test_the_largest_batch_fits(api):
    answer = api.post("/predict/batch", json={"rows": [FULL] * MOST_ROWS})

    assert len(answer.json()["predictions"]) == MOST_ROWS


def test_too_many_requests_are_told_to_wait(churn_settings):
    with running(churn_settings.model_copy(update={"churn_api_rate": "3/hour"})) as api:
        statuses = [api.post("/predict", json=MINIMAL).status_code for _ in range(5)]

        assert statuses == [200, 200, 200, 429, 429]
        assert api.get("/health").status_code == 200


def test_a_key_is_asked_for_where_there_is_one(churn_settings):
    with running(churn_settings.model_copy(update={"churn_api_key": SecretStr("sésame")})) as api:
        given = [{}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}, {"X-API-Key": "sésame".encode()}]
        statuses = [api.post("/predict", json=MINIMAL, headers=one).status_code for one in given]

        assert statuses == [401, 401, 401, 200]
        assert [api.get(path).status_code for path in ("/health", "/ready", "/metrics")] == [200, 200, 200]


def test_others_are_served_only_with_a_key(churn_settings):
    with pytest.raises(SettingsError, match="CHURN_API_KEY"):
        listen(churn_settings, host="0.0.0.0")


def test_a_key_that_is_empty_is_none(monkeypatch):
    monkeypatch.setenv("CHURN_API_KEY", "")

    with pytest.raises(SettingsError, match="CHURN_API_KEY"):
        listen(load_settings(), host="0.0.0.0")


def test_a_port_that_is_taken_is_one_sentence(churn_settings):
    with (
        listen(churn_settings, port=0) as taken,
        pytest.raises(ServiceError, match=r"cannot listen on 127\.0\.0\.1, port \d+: .*in use"),
    ):
        listen(churn_settings, port=taken.getsockname()[1])


def test_a_rate_that_cannot_be_read_is_refused(churn_settings):
    with pytest.raises(SettingsError, match="CHURN_API_RATE is 'often'"):
        create_app(churn_settings.model_copy(update={"churn_api_rate": "often"}))


def test_metrics_count_requests_and_decisions(churn_settings):
    with running(churn_settings) as api:
        for body in (MINIMAL, {}, MINIMAL):
            api.post("/predict", json=body)
        api.get("/no/such/page")
        text = api.get("/metrics").text

    assert 'churn_requests_total{route="/predict",status="200"} 2.0' in text
    assert 'churn_requests_total{route="/predict",status="422"} 1.0' in text
    assert 'churn_requests_total{route="other",status="404"} 1.0' in text
    assert 'churn_request_seconds_count{route="/predict"} 3.0' in text
    assert "churn_model_ready 1.0" in text
    assert sum(float(line.split()[1]) for line in text.splitlines() if "churn_predictions_total{" in line) == 2


def test_the_pages_describe_every_input_and_load_nothing_from_elsewhere(api):
    schemas = api.get("/openapi.json").json()["components"]["schemas"]

    assert list(schemas["Inputs"]["properties"]) == list(INPUTS)
    assert all(field.get("description") for field in schemas["Inputs"]["properties"].values())
    page = api.get("/docs").text
    assert "swagger" in page
    assert "https://" not in page


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(api, method):
    assert api.request(method, "/predict").status_code == 405


def test_without_a_model_it_runs_and_says_why_it_is_not_ready(churn_settings, tmp_path):
    with running(churn_settings.model_copy(update={"reclake_home": tmp_path})) as api:
        assert api.get("/health").status_code == 200
        for answer in (api.get("/ready").json()["reason"], api.post("/predict", json=MINIMAL).json()["detail"]):
            assert "reclake train churn" in answer
        assert (api.get("/ready").status_code, api.post("/predict", json=MINIMAL).status_code) == (503, 503)
        assert "churn_model_ready 0.0" in api.get("/metrics").text


def test_a_model_of_another_version_is_not_ready(own_registry, monkeypatch):
    monkeypatch.setattr("gold.churn.classifier.fingerprint", lambda: "another")

    with running(own_registry) as api:
        assert api.get("/ready").status_code == 503
        assert "another version" in api.get("/ready").json()["reason"]
        assert api.get("/health").status_code == 200


def test_a_registry_that_is_away_is_not_ready(churn_settings):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with running(churn_settings.model_copy(update={"mlflow_tracking_uri": away})) as api:
            assert "does not answer" in api.get("/ready").json()["reason"]


def register_another(settings, shoppers):
    model = fit(RECENCY, matrix(shoppers), shoppers["churned"].to_numpy(), threshold=0.5)
    with tracked_run(settings, "test"):
        number = log_and_register(settings, model)
    champion, registry = champion_version(settings), churn_models(settings)
    registry.describe(number, champion.configuration, champion.trained_until, 0.5, "")
    registry.promote(number)
    return number


def test_when_another_version_serves_it_is_loaded_meanwhile(own_registry, shoppers):
    with running(own_registry.model_copy(update={"churn_api_refresh_seconds": 0.05})) as api:
        before = api.post("/predict", json=FULL).json()
        number = register_another(own_registry, shoppers)

        for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.05)):
            with attempt:
                assert api.get("/ready").json()["model_version"] == number
        after = api.post("/predict", json=FULL).json()

    assert (before["model_version"], after["model_version"]) == ("1", number)
    assert after["threshold"] == 0.5


def test_what_serves_stays_while_the_registry_has_nothing_better(own_registry):
    current = Current(own_registry)
    current.refresh()
    tracking_client(own_registry).delete_registered_model_alias(own_registry.churn_model, CHAMPION)

    current.refresh()

    assert current.champion.version == "1"
    assert "reclake train churn" in current.reason


def test_a_client_that_goes_away_or_never_finishes_does_no_harm(api):
    for opening in (
        b"POST /predict HTTP/1.1\r\n",
        b"GARBAGE\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ):
        with socket.create_connection((api.base_url.host, api.base_url.port)) as other:
            other.sendall(opening)

    assert httpx.post(f"{api.base_url}/predict", json=MINIMAL).status_code == 200
