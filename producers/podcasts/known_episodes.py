"""Which episodes were published before: what the compacted topic `episode-ids` says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from lakehouse.errors import ServiceError
from lakehouse.kafka import EPISODE_IDS, client_config, require_topic, service_error

if TYPE_CHECKING:
    from confluent_kafka import Message

    from lakehouse.settings import Settings

SILENCE_SECONDS = 30
"""How long the broker may send nothing before the end of the topic."""

_BATCH = 10_000
_POLL_SECONDS = 0.1


def known_episodes(settings: Settings, bootstrap: str) -> set[str]:
    """Read the ids of all published episodes; one that was deleted by a record without value is not among them.

    Raises
    ------
    ServiceError
        Kafka cannot be reached, has no such topic, or falls silent before its end.
    """
    partitions = range(require_topic(settings, bootstrap, EPISODE_IDS.name))
    # The group is never joined and nothing is committed: whoever asks reads from the beginning.
    consumer = Consumer(
        {
            **client_config(settings, bootstrap),
            "group.id": "reclake-known-episodes",
            "enable.auto.commit": "false",
            "enable.partition.eof": "true",
            "isolation.level": "read_committed",
        }
    )
    try:
        consumer.assign([TopicPartition(EPISODE_IDS.name, number, OFFSET_BEGINNING) for number in partitions])
        return _read(consumer, set(partitions), bootstrap)
    except KafkaException as error:
        raise service_error([error.args[0]], bootstrap) from None
    finally:
        consumer.close()


def _read(consumer: Consumer, unfinished: set[int], bootstrap: str) -> set[str]:
    known: set[str] = set()
    faults: list[KafkaError] = []
    deadline = time.monotonic() + SILENCE_SECONDS
    while unfinished:
        for message in consumer.consume(_BATCH, _POLL_SECONDS):
            error, partition = message.error(), message.partition()
            if error is None:
                _note(message, known)
            elif error.code() == KafkaError._PARTITION_EOF and partition is not None:
                # The end is an event, because compaction may have removed the records just before it.
                unfinished.discard(partition)
            else:
                # The client goes on by itself: a leader that moves, a connection that broke.
                faults.append(error)
                continue
            deadline = time.monotonic() + SILENCE_SECONDS
        if unfinished and time.monotonic() > deadline:
            raise _silence(faults, bootstrap)
    return known


def _note(message: Message, known: set[str]) -> None:
    key = message.key()
    name = key.decode(errors="replace") if isinstance(key, bytes) else key
    if name is None:
        return
    if message.value() is None:
        known.discard(name)
    else:
        known.add(name)


def _silence(faults: list[KafkaError], bootstrap: str) -> ServiceError:
    reason = f" ({faults[-1].str()})" if faults else ""
    return ServiceError(
        f"Kafka at {bootstrap} sent nothing of topic {EPISODE_IDS.name!r} for {SILENCE_SECONDS} s, before its end"
        f"{reason}. Check the broker and whether this key may read the topic, and run the command again."
    )
