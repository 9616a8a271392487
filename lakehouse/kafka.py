"""Kafka's clients: configuration from the settings, the topics, and errors that say what to do."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lakehouse.errors import ServiceError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._metadata import ClusterMetadata

    from lakehouse.settings import Settings

ANSWER_SECONDS = 10

_PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_MS_PER_DAY = 86_400_000
# librdkafka has one code for these two and tells them apart in its text only.
_REFUSED = "Connection refused"
_NO_TLS = "SSL handshake failed"


@dataclass(frozen=True)
class Topic:
    """A topic and how long it remembers; `retention_days` none: for ever."""

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"] = "delete"
    retention_days: int | None = None

    @property
    def config(self) -> dict[str, str]:
        """The topic's configuration, in Kafka's terms."""
        retention = -1 if self.retention_days is None else self.retention_days * _MS_PER_DAY
        return {"cleanup.policy": self.cleanup, "retention.ms": str(retention)}


USER_EVENTS = Topic("user-events", partitions=6, retention_days=30)
CLICKSTREAM = Topic("clickstream", partitions=6, retention_days=30)
EPISODE_METADATA = Topic("episode-metadata", partitions=1)
EPISODE_IDS = Topic("episode-ids", partitions=1, cleanup="compact")
TOPICS = (USER_EVENTS, CLICKSTREAM, EPISODE_METADATA, EPISODE_IDS)


class ClientConfig(dict[str, str]):
    """Options of a Kafka client, whose `repr` hides the secret ones, so that no log or traceback shows them."""

    def __repr__(self) -> str:
        """Show every option, secret ones as stars."""
        secret = {"sasl.password", "kafka.sasl.jaas.config"}
        return repr({key: "***" if key in secret else value for key, value in self.items()})


def client_config(settings: Settings, bootstrap: str) -> ClientConfig:
    """Return the options of a confluent-kafka producer, consumer or admin client.

    Raises
    ------
    SettingsError
        The security protocol needs credentials that are not set.
    """
    config = ClientConfig(
        {"bootstrap.servers": bootstrap, "security.protocol": settings.kafka_security_protocol, "client.id": "reclake"}
    )
    if credentials := _credentials(settings):
        config["sasl.mechanism"] = "PLAIN"
        config["sasl.username"], config["sasl.password"] = credentials
    if settings.kafka_ca_file and settings.kafka_security_protocol.endswith("SSL"):
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    return config


def spark_options(settings: Settings, bootstrap: str) -> ClientConfig:
    """Return the options of Spark's Kafka source or sink.

    Raises
    ------
    SettingsError
        The security protocol needs credentials that are not set.
    """
    options = ClientConfig(
        {"kafka.bootstrap.servers": bootstrap, "kafka.security.protocol": settings.kafka_security_protocol}
    )
    if credentials := _credentials(settings):
        # Databricks ships its Kafka client under another package name.
        login = f"kafkashaded.{_PLAIN_LOGIN}" if settings.on_databricks else _PLAIN_LOGIN
        username, password = map(_jaas_quoted, credentials)
        options["kafka.sasl.mechanism"] = "PLAIN"
        options["kafka.sasl.jaas.config"] = f"{login} required username={username} password={password};"
    if settings.kafka_ca_file and settings.kafka_security_protocol.endswith("SSL"):
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.location"] = str(settings.kafka_ca_file)
    return options


def check_broker(settings: Settings, bootstrap: str) -> None:
    """Make sure that Kafka answers and accepts the credentials, within about `ANSWER_SECONDS`.

    Raises
    ------
    ServiceError
        It cannot be reached or refuses; the message says which and what to do.
    """
    _connect(settings, bootstrap)


def require_topic(settings: Settings, bootstrap: str, name: str) -> int:
    """Return the number of partitions of a topic that must exist.

    Raises
    ------
    ServiceError
        Kafka has no such topic, or cannot be reached.
    """
    _, metadata = _connect(settings, bootstrap)
    topic = metadata.topics.get(name)
    if topic is None:
        others = ", ".join(sorted(other for other in metadata.topics if not other.startswith("__")))
        raise ServiceError(
            f"Kafka at {bootstrap} has no topic {name!r}; it has {others or 'none that this key may see'}. "
            "Correct the name, or create the topic."
        )
    return len(topic.partitions)


def topic_id(settings: Settings, bootstrap: str, name: str) -> str | None:
    """What the broker calls a topic beside its name, another one when the topic is made anew; none: it does not say.

    Raises
    ------
    ServiceError
        Kafka cannot be reached, or does not describe the topic.
    """
    from confluent_kafka import KafkaException, TopicCollection

    client, _ = _connect(settings, bootstrap)
    try:
        described = client.describe_topics(TopicCollection([name]), request_timeout=ANSWER_SECONDS)[name].result()
    except KafkaException as error:
        raise service_error([error.args[0]], bootstrap) from None
    halves = described.topic_id.get_most_significant_bits(), described.topic_id.get_least_significant_bits()
    return "".join(f"{half % 2**64:016x}" for half in halves) if any(halves) else None


def ensure_topics(settings: Settings, bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Create those of `topics` that are missing and return their names; existing ones are left as they are.

    Raises
    ------
    ServiceError
        Kafka cannot be reached, or does not let this key create a topic.
    """
    client, metadata = _connect(settings, bootstrap)
    missing = [topic for topic in topics if topic.name not in metadata.topics]
    if missing:
        _create(client, missing, bootstrap)
    return [topic.name for topic in missing]


def service_error(errors: Iterable[KafkaError], bootstrap: str) -> ServiceError:
    """Turn what a Kafka client reported into one sentence for the person who has to act."""
    said = [(error.name(), error.str()) for error in errors]
    names = {name for name, _ in said}
    reasons = [text for name, text in said if name != "_ALL_BROKERS_DOWN"]
    text = "; ".join(reasons)
    if names & {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"}:
        fault = "rejected the credentials. Check KAFKA_API_KEY and KAFKA_API_SECRET."
    elif "_RESOLVE" in names:
        fault = "cannot be found: the host name is unknown. Correct KAFKA_BOOTSTRAP_SERVERS."
    elif _NO_TLS in text:
        fault = "and this client do not agree on TLS. Check KAFKA_SECURITY_PROTOCOL and KAFKA_CA_FILE."
    elif _REFUSED in text:
        fault = "refused the connection. Start a broker with `reclake services up`, or set KAFKA_BOOTSTRAP_SERVERS."
    elif said and not reasons:
        # What a broker does to a client that speaks without TLS or without credentials: it hangs up.
        fault = "ends every connection. Check that KAFKA_SECURITY_PROTOCOL is the one it expects."
    else:
        reason = f" ({reasons[-1]})" if reasons else ""
        fault = f"did not answer within {ANSWER_SECONDS} s{reason}. Check KAFKA_BOOTSTRAP_SERVERS and the network."
    return ServiceError(f"Kafka at {bootstrap} {fault}")


def _credentials(settings: Settings) -> tuple[str, str] | None:
    """Return user name and password of SASL PLAIN, if the protocol has them."""
    if not settings.kafka_security_protocol.startswith("SASL"):
        return None
    if not (settings.kafka_api_key and settings.kafka_api_secret):
        missing = [n for n in ("KAFKA_API_KEY", "KAFKA_API_SECRET") if not getattr(settings, n.lower())]
        raise SettingsError(
            f"KAFKA_SECURITY_PROTOCOL {settings.kafka_security_protocol} needs {' and '.join(missing)}: not set."
        )
    return settings.kafka_api_key, settings.kafka_api_secret.get_secret_value()


def _jaas_quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _connect(settings: Settings, bootstrap: str) -> tuple[AdminClient, ClusterMetadata]:
    """Return a client that has talked to the broker, and what the broker has."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    errors: list[KafkaError] = []
    config: dict[str, Any] = {**client_config(settings, bootstrap), "error_cb": errors.append}
    try:
        client = AdminClient(config, logger=_quiet())
    except KafkaException as error:
        raise SettingsError(f"No Kafka client can be made from the settings: {error.args[0].str()}.") from None
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline and not _hopeless(errors):
        try:
            return client, client.list_topics(timeout=0.5)
        except KafkaException:
            # The timeout says nothing; the reasons come through error_cb.
            client.poll(0)
    raise service_error(errors, bootstrap)


def _hopeless(errors: Iterable[KafkaError]) -> bool:
    """Whether waiting cannot help: bad credentials, or every broker refuses the connection or TLS."""
    names = {error.name() for error in errors}
    turned_down = any(_REFUSED in error.str() or _NO_TLS in error.str() for error in errors)
    return "_AUTHENTICATION" in names or (turned_down and "_ALL_BROKERS_DOWN" in names)


def _create(client: AdminClient, topics: Sequence[Topic], bootstrap: str) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.cimpl import NewTopic

    # Replication -1 is the broker's own default.
    new = [NewTopic(t.name, num_partitions=t.partitions, replication_factor=-1, config=t.config) for t in topics]
    for name, created in client.create_topics(new, request_timeout=ANSWER_SECONDS).items():
        try:
            created.result()
        except KafkaException as error:
            cause = error.args[0]
            if cause.name() == "TOPIC_ALREADY_EXISTS":
                continue
            raise ServiceError(f"Kafka at {bootstrap} did not create topic {name!r}: {cause.str()}") from None


def _quiet() -> logging.Logger:
    """Return a logger for librdkafka's own lines, which otherwise go to stderr beside our sentence."""
    logger = logging.getLogger("lakehouse.kafka.client")
    logger.setLevel(logging.CRITICAL)
    return logger
