"""The settings: one typed object, from task parameters, then the environment, then `.env`, then defaults.

On Databricks serverless no environment variable reaches a task, so there every value comes as a job parameter of
the same name and every secret from the secret scope named by `secret_scope`.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lakehouse.errors import SettingsError, said

AlsEngine = Literal["spark_als", "implicit_als"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

CHURN_KEY_HEADER = "X-API-Key"
SECRETS = frozenset(
    {
        "churn_api_key",
        "database_url",
        "kafka_api_key",
        "kafka_api_secret",
        "mongodb_uri",
        "podcast_index_key",
        "podcast_index_secret",
    }
)
"""The settings that a secret scope may hold, under their own names."""


@dataclass(frozen=True)
class EventWeights:
    """Evidence of liking that each listening event carries, in engagement units.

    A pause counts its `listened_seconds / pause_full_seconds`, at most 1; a rating counts what it lies above
    `neutral_rating`.
    """

    like: float = 2.0
    complete: float = 3.0
    skip: float = -1.0
    pause_full_seconds: float = 600.0
    neutral_rating: float = 3.0


@dataclass(frozen=True)
class ClickWeights:
    """Evidence of interest that each event of the shop carries; a view is 1."""

    view: float = 1.0
    click: float = 2.0
    add_to_cart: float = 3.0
    purchase: float = 5.0


class Settings(BaseSettings):
    """Everything that differs between a laptop, a workspace and a target of the bundle.

    Examples
    --------
    >>> Settings(kafka_bootstrap_servers="broker:9092").kafka_bootstrap_servers
    'broker:9092'
    """

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    reclake_home: Path = Field(default=Path(".reclake"), description="folder of all local state")
    catalog: str | None = Field(default=None, description="Unity Catalog; none: tables are folders of reclake_home")
    lakehouse_root: str | None = Field(
        default=None,
        pattern=r"^(file|abfss|s3a|gs)://.*[^/]$",
        description="URI under which tables lie without a catalog; none: the folder lakehouse of reclake_home",
    )
    hadoop_options: dict[str, SecretStr] = Field(
        default={}, description='JSON of what a file system needs to know, such as {"fs.s3a.access.key": "..."}'
    )
    spark_packages: str = Field(
        default="", description="Maven coordinates of connectors that the local session loads, separated by commas"
    )
    bronze_schema: str = Field(default="bronze", description="schema of the layer bronze")
    silver_schema: str = Field(default="silver", description="schema of the layer silver")
    gold_schema: str = Field(default="gold", description="schema of the layer gold")
    ops_schema: str = Field(default="ops", description="schema of the layer ops")
    volume: str | None = Field(default=None, description="folder of checkpoints and files, /Volumes/... on Databricks")
    secret_scope: str | None = Field(default=None, description="Databricks secret scope that holds the secrets")
    written_by: str | None = Field(
        default=None, description="what the history of each table says of who wrote a version; jobs give run/task"
    )

    kafka_bootstrap_servers: str | None = Field(default=None, description="none: the embedded broker")
    kafka_security_protocol: SecurityProtocol = Field(default="PLAINTEXT", description="how brokers are spoken to")
    kafka_api_key: str | None = Field(default=None, description="user of SASL; with Confluent an API key")
    kafka_api_secret: SecretStr | None = Field(default=None, description="its password")
    kafka_ca_file: Path | None = Field(default=None, description="PEM file of who signs the brokers' certificates")
    kafka_on_data_loss: Literal["fail", "skip"] = Field(
        default="fail", description="what to do when Kafka expired records that were not read yet"
    )
    kafka_on_new_topic: Literal["fail", "beginning"] = Field(
        default="fail", description="what to do when a topic was deleted and made anew: say so, or read it from there"
    )
    kafka_max_offsets_per_trigger: int = Field(default=2_000_000, gt=0, description="records in one micro-batch")

    events_source: Literal["kafka", "files", "both"] = Field(
        default="kafka",
        description="where records of the topics come from: Kafka, files in the landing folder, or both",
    )
    landing_settle_seconds: float = Field(
        default=3, ge=0, le=600, description="how long a landing file must not have changed before it is read"
    )

    purchases_path: Path | None = Field(
        default=None, description="folder of purchase files; none: incoming/purchases beside the checkpoints"
    )
    purchases_columns: str = Field(
        default="",
        pattern=r"^\s*((user_id|item_id|purchase_amount|purchase_date)\s*=\s*[^=,]+(,\s*|$))*$",
        description="what purchase files call their columns where it differs: user_id=customer,purchase_amount=total",
    )
    purchases_settle_seconds: float = Field(
        default=3, ge=0, le=600, description="how long a purchase file must not have changed before it is read"
    )
    session_gap_minutes: float = Field(
        default=30, gt=0, description="a longer pause ends a session that its producer gave no id"
    )
    session_id_gap_hours: float = Field(
        default=24, gt=0, description="a longer pause ends a session although its id comes back"
    )
    session_longest_hours: float = Field(
        default=48, gt=0, description="a session ends before it lasts so long, although its owner never pauses"
    )
    session_most_events: int = Field(default=1_000, ge=1, description="a session of more events is a bot's")

    funnel_watermark_minutes: float = Field(
        default=60, ge=0, description="how much later than the newest an event may come before its window is final"
    )

    mongodb_uri: SecretStr | None = Field(default=None, description="none: the embedded document store")
    mongodb_database: str = Field(default="recommendations", description="database of the document store")

    database_url: SecretStr | None = Field(default=None, description="postgresql://...; none: the embedded PostgreSQL")
    lakebase_project: str | None = Field(
        default=None, description="Lakebase project to use without a database_url, with the run's identity"
    )
    lakebase_database: str = Field(default="databricks_postgres", description="database in the Lakebase project")
    events_retention_days: int = Field(
        default=30, ge=1, description="days of raw_events that PostgreSQL keeps, counted back from the newest event"
    )

    podcast_index_url: str = Field(
        default="https://api.podcastindex.org/api/1.0",
        pattern=r"^https?://",
        description="address of the Podcast Index",
    )
    podcast_index_key: str | None = Field(default=None, description="API key of the Podcast Index")
    podcast_index_secret: SecretStr | None = Field(default=None, description="its secret")
    podcast_index_max_feeds: int = Field(default=50, ge=1, le=1000, description="trending podcasts to look at")
    podcast_index_languages: str = Field(default="en", description="tags separated by commas, or any")
    podcast_index_categories: str | None = Field(default=None, description="names separated by commas; none: all")

    mlflow_tracking_uri: str | None = Field(default=None, description="none: sqlite in reclake_home, or the workspace")
    mlflow_experiment: str = Field(default="reclake", description="experiment that trainings log to")
    registered_model: str = Field(default="reclake_als", description="registered model that recommends to listeners")

    text_encoder: Path | None = Field(
        default=None, description="folder of an ONNX sentence encoder and its tokenizer.json; none: MiniLM from Maven"
    )
    text_max_characters: int = Field(default=100_000, gt=0, description="what follows in a text is not embedded")
    text_similar_n: int = Field(default=50, ge=1, description="episodes of similar text kept per episode")

    top_n: int = Field(default=20, ge=1, description="recommendations kept per user")
    similar_n: int = Field(default=10, ge=1, description="similar episodes kept per episode")
    max_value_bytes: int = Field(default=65_536, gt=0, description="a larger Kafka value is quarantined")
    spark_mode: Literal["classic", "connect"] = Field(default="classic", description="kind of the local session")
    spark_memory: str = Field(default="4g", description="memory of the local Spark process")

    event_weight_like: float = Field(
        default=EventWeights.like, description="what a like counts, in units of engagement"
    )
    event_weight_complete: float = Field(
        default=EventWeights.complete, description="what an episode heard to the end counts"
    )
    event_weight_skip: float = Field(default=EventWeights.skip, description="what a skip counts")
    event_weight_pause_full_seconds: float = Field(
        default=EventWeights.pause_full_seconds,
        gt=0,
        description="a pause after so many seconds counts 1, earlier ones less",
    )
    event_weight_neutral_rating: float = Field(
        default=EventWeights.neutral_rating, description="a rating counts what it lies above this"
    )

    click_weight_view: float = Field(default=ClickWeights.view, ge=0, description="what a view counts")
    click_weight_click: float = Field(default=ClickWeights.click, ge=0, description="what a click counts")
    click_weight_add_to_cart: float = Field(
        default=ClickWeights.add_to_cart, ge=0, description="what an add_to_cart counts"
    )
    click_weight_purchase: float = Field(default=ClickWeights.purchase, ge=0, description="what a purchase counts")
    session_train_days: int = Field(default=30, ge=1, description="days that models of sessions are trained on")
    session_active_hours: float = Field(
        default=24, gt=0, description="sessions that ended so long before the newest event get recommendations"
    )
    session_similar_n: int = Field(default=100, ge=1, description="products of the same sessions kept per product")

    churn_model: str = Field(default="reclake_churn", description="registered model that predicts churn")
    churn_endpoint: str | None = Field(
        default=None, description="serving endpoint that training keeps at the churn model that serves; none: none"
    )
    churn_horizon_days: int = Field(default=7, ge=1, le=90, description="without activity for so long is churn")
    churn_cost_missed: float = Field(default=5, gt=0, description="what a churned shopper costs that nobody noticed")
    churn_cost_alarm: float = Field(default=1, gt=0, description="what an alarm costs about one who stays")
    churn_api_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="churn API that the scoring task asks; none: in the task itself",
    )
    churn_api_key: SecretStr | None = Field(
        default=None, description=f"what the header {CHURN_KEY_HEADER} has to say to the churn API; none: nothing"
    )
    churn_api_rate: str = Field(
        default="500/second", description="requests that one client may make to the churn API, such as 1000/minute"
    )
    churn_api_refresh_seconds: float = Field(
        default=30, gt=0, description="how often the churn API looks whether another version serves"
    )

    dashboard_warehouse: str | None = Field(
        default=None, description="id of the SQL warehouse that the dashboard asks where there is a catalog"
    )
    dashboard_refresh_seconds: float = Field(default=15, ge=1, description="how often the dashboard reads anew")

    als_engine: AlsEngine = Field(default="spark_als", description="who fits ALS: Spark, or one node")
    als_rank: int | None = Field(default=None, ge=1, description="factors; none: what suits the engine")
    als_iterations: int | None = Field(default=None, ge=1, description="rounds of ALS; none: what suits the engine")
    als_regularization: float | None = Field(default=None, ge=0, description="none: what suits the engine")
    als_alpha: float | None = Field(default=None, gt=0, description="confidence that a unit of engagement adds")
    als_half_life_days: float | None = Field(default=None, gt=0, description="engagement halves; none: never")
    als_seed: int = Field(default=42, description="the same seed and events give the same factors")
    popularity_share: float = Field(default=0.0, ge=0, le=1, description="share of popularity in a score")
    popularity_half_life_days: float = Field(default=7.0, gt=0, description="older listeners count less in popularity")
    tuning_trials: int = Field(default=20, ge=1, description="configurations that one search tries")
    diversity: float = Field(default=0.0, ge=0, le=1, description="how much recommendations differ from each other")
    whisper_model: str | None = Field(
        default=None, description="faster-whisper model, a folder or a name; none: no speech"
    )
    transcribe_limit: int = Field(default=100, ge=1, le=10_000, description="episodes that one run works on")
    transcribe_minutes: float = Field(default=60, gt=0, description="no episode begins after that time")
    transcript_max_bytes: int = Field(default=10_000_000, gt=0, description="a larger transcript file is refused")
    transcript_max_chars: int = Field(default=1_000_000, gt=0, description="longer transcripts are cut")
    audio_max_bytes: int = Field(default=500_000_000, gt=0, description="a larger audio file is refused")
    audio_max_seconds: float = Field(default=14_400, gt=0, description="audio that plays longer is refused")
    download_seconds: float = Field(
        default=600, gt=0, description="all the time that one file may take, redirects included"
    )
    download_private_hosts: str = Field(
        default="",
        pattern=r"^\s*([\w.-]+:[0-9]+\s*(,\s*|$))*$",
        description="host:port,host:port inside the own network that may be downloaded from all the same",
    )
    exclude_seen: Literal["completed", "any"] = Field(default="completed", description="episodes not to recommend")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the secret scope behind parameters, environment and `.env`."""
        return init_settings, env_settings, dotenv_settings, _SecretScope(settings_cls)

    @property
    def weights(self) -> EventWeights:
        """The settings `event_weight_...` together."""
        return EventWeights(
            **{field.name: getattr(self, f"event_weight_{field.name}") for field in fields(EventWeights)}
        )

    @property
    def click_weights(self) -> ClickWeights:
        """The settings `click_weight_...` together."""
        return ClickWeights(
            **{field.name: getattr(self, f"click_weight_{field.name}") for field in fields(ClickWeights)}
        )

    @property
    def churn_api_headers(self) -> dict[bytes, bytes]:
        """What a request to the churn API says of who asks; as bytes, because a key may have any character."""
        key = self.churn_api_key
        return {CHURN_KEY_HEADER.encode(): key.get_secret_value().encode()} if key else {}

    @property
    def home(self) -> Path:
        """The absolute folder of local state."""
        return self.reclake_home.expanduser().resolve()

    @property
    def lakehouse(self) -> str:
        """The URI under which tables lie that no catalog manages."""
        return self.lakehouse_root or (self.home / "lakehouse").as_uri()

    @property
    def files(self) -> Path:
        """The folder of checkpoints and files that jobs write outside tables."""
        return Path(self.volume) if self.volume else self.home

    @property
    def landing(self) -> Path:
        """The folder of files of records, in which each topic has a folder of its name."""
        return self.files / "landing"

    @property
    def incoming_purchases(self) -> Path:
        """The folder that purchase files are put into."""
        return self.purchases_path or self.files / "incoming" / "purchases"

    @property
    def on_databricks(self) -> bool:
        """Whether this process runs on Databricks, in a job or as an app."""
        return not os.environ.keys().isdisjoint({"DATABRICKS_RUNTIME_VERSION", "DATABRICKS_APP_NAME"})

    def schema_of(self, layer: str) -> str:
        """Name the schema of a layer (`bronze`, `silver`, `gold`, `ops`) under this target."""
        return str(getattr(self, f"{layer}_schema"))


def load_settings(**parameters: Any) -> Settings:
    """Build the settings, with `parameters` before every other source; empty parameters count as not given.

    Raises
    ------
    SettingsError
        A value is invalid; the message names each one without showing secrets.
    """
    given = {name: value for name, value in parameters.items() if value not in ("", None)}
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            f"The settings cannot be used: {faults}. Correct the environment, `.env` or the job's parameters."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else said(error)
        raise SettingsError(
            f"`.env` cannot be read: {why}. Save it as UTF-8, where this program may read it."
        ) from None


class _SecretScope(PydanticBaseSettingsSource):
    """Secrets of the Databricks secret scope: each secret field is a key of that name in the scope."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        scope = self.current_state.get("secret_scope")
        if not scope:
            return {}
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.errors.base import DatabricksError

        wanted = SECRETS - self.current_state.keys()
        try:
            secrets = WorkspaceClient().secrets
            present = {item.key for item in secrets.list_secrets(scope)} & wanted
            found = {
                key: base64.b64decode(secrets.get_secret(scope, key).value or "").decode() for key in present if key
            }
        except (DatabricksError, ValueError) as error:
            raise SettingsError(
                f"The secret scope {scope} cannot be read: {said(error)}. `reclake cloud prepare` makes "
                "it and lets those read it who have to; or correct SECRET_SCOPE."
            ) from None
        return {key: value for key, value in found.items() if value}
