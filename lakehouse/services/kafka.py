"""The embedded Kafka: a real Apache Kafka broker, one KRaft node on the loopback interface."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import subprocess
from typing import TYPE_CHECKING

from lakehouse.errors import ServiceError
from lakehouse.services.jars import jars
from lakehouse.services.java import java, utf8_locale
from lakehouse.services.process import LOOPBACK, Service, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lakehouse.services.state import Place

# The quick compiler alone halves the start and still takes 370,000 messages/s.
_JVM = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_LOGGING = [
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    # At INFO a stop alone writes two hundred lines, which would hide what went wrong.
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
]
_FORMAT_SECONDS = 60
_PROPERTIES = "server.properties"


def broker() -> Service:
    """Describe the broker."""
    return Service(
        name="kafka",
        title="The embedded Kafka broker",
        setting="kafka_bootstrap_servers",
        standard_port=9092,
        command=_command,
        ready=_answers,
        address=_address,
        environment=utf8_locale,
    )


def _command(place: Place, port: int) -> list[str | Path]:
    # It runs in its folder, and there every path is plain: to Kafka a comma would divide two folders of data, and to
    # Java a properties file is Latin-1.
    (place.folder / _PROPERTIES).write_text(_lines(_server_properties(place.data.name, port)))
    run: list[str | Path] = [java(), *_JVM, *_LOGGING, "-cp", os.pathsep.join(map(str, jars("broker")))]
    if not (place.data / "meta.properties").exists():
        _format([*run, "kafka.tools.StorageTool", "format", "--config", _PROPERTIES], place.folder)
    return [*run, "kafka.Kafka", _PROPERTIES]


def _server_properties(data: str, port: int) -> dict[str, str]:
    controller = free_port()
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "log.dirs": data,
        # A misspelt topic is an error to report, not a topic to make.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A stop waits for the next heartbeat, and a start after a kill for the end of the old session: 2 and 9 s.
        "broker.heartbeat.interval.ms": "200",
        "broker.session.timeout.ms": "3000",
        # The default buffer, 128 MB, is a third of the heap.
        "log.cleaner.dedupe.buffer.size": "16777216",
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def _format(command: list[str | Path], folder: Path) -> None:
    """Prepare the data folder, once; a cluster id is 16 random bytes."""
    command = [*command, f"--cluster-id={secrets.token_urlsafe(16)}"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **utf8_locale()},
        capture_output=True,
        text=True,
        timeout=_FORMAT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceError(
            "Kafka's data folder could not be prepared. Delete it to start afresh; Kafka says:\n"
            + "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        )


def _answers(port: int) -> bool:
    """Whether the broker is in its own cluster's metadata, which means that topics can be made and written."""
    try:
        # A refused connection is known at once; librdkafka would try for its whole timeout.
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": _address(port)}, logger=_silent())
    try:
        return bool(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return False


def _silent() -> logging.Logger:
    """Return a logger that drops what librdkafka says about a broker that is still starting."""
    logger = logging.getLogger("lakehouse.services.kafka.probe")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _address(port: int) -> str:
    return f"{LOOPBACK}:{port}"


def _lines(properties: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in properties.items())
