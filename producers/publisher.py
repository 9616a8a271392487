"""The publisher to Kafka: sends records idempotently and knows what has arrived."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from lakehouse.errors import ServiceError
from lakehouse.interruption import held_back
from lakehouse.kafka import service_error
from producers.record import Counts, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

CONNECT_SECONDS = 10.0
DELIVERY_SECONDS = 120
INTERRUPTED_FLUSH_SECONDS = 30.0
POLL_EVERY_RECORDS = 1_000
POLL_EVERY_SECONDS = 0.2

_DELIVERY = {
    "acks": "all",
    "enable.idempotence": "true",
    "compression.type": "lz4",
    # 1,000 records a second make 20 requests instead of 200, each of which costs the broker as much as its records.
    "linger.ms": "50",
    # A key goes to the partition that the Java clients would choose.
    "partitioner": "murmur2_random",
    "delivery.timeout.ms": str(DELIVERY_SECONDS * 1000),
    # What may be in flight: beyond this, sending waits for the broker.
    "queue.buffering.max.messages": "100000",
    "queue.buffering.max.kbytes": "65536",
    # Failures are reported by the delivery reports; librdkafka's own lines would break the progress bar.
    "log_level": "2",
}


class Publisher:
    """Sends records to Kafka: every one exactly once, each confirmed by all replicas.

    Use as a context manager: leaving it flushes, also after an exception or Ctrl-C.

    Parameters
    ----------
    config : mapping of str to str
        Connection settings of librdkafka, see `lakehouse.kafka.client_config`.
    on_progress : callable, optional
        Called with the live `counts` a few times a second, and once more at the end.

    Attributes
    ----------
    counts : Counts
        What the broker has confirmed or refused so far.
    """

    def __init__(self, config: Mapping[str, str], on_progress: Callable[[Counts], None] | None = None) -> None:
        self.counts = Counts()
        self._on_progress = on_progress
        self._broker = config["bootstrap.servers"]
        self._transport_error: KafkaError | None = None
        self._producer = Producer({**_DELIVERY, **config, "error_cb": self._on_error})
        self._is_gone = False
        self._handed_over = 0
        self._polled_at = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self._producer.list_topics(timeout=CONNECT_SECONDS)
        except KafkaException as error:
            # The timeout says nothing; the reason comes through error_cb.
            self._producer.poll(0)
            raise service_error([self._transport_error or error.args[0]], self._broker) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._flush(INTERRUPTED_FLUSH_SECONDS)
            self._producer.purge()
            self._poll(0)

    def publish(self, records: Iterable[Record]) -> None:
        """Send `records` and wait until the broker has confirmed all of them.

        Raises
        ------
        ServiceError
            At least one record was not delivered; the message has the number and the first reason.
        """
        for record in records:
            self._send(record)
            self._handed_over += 1
            pause = time.monotonic() - self._polled_at
            if self._handed_over % POLL_EVERY_RECORDS == 0 or pause > POLL_EVERY_SECONDS:
                self._poll(0)
        # Librdkafka gives up on a record after DELIVERY_SECONDS, so this ends.
        self._flush(DELIVERY_SECONDS * 2)
        self._raise_failures()

    def _send(self, record: Record) -> None:
        while True:
            try:
                self._producer.produce(
                    record.topic, record.value, record.key, on_delivery=partial(self._on_delivery, record.kind)
                )
            except BufferError:
                self._poll(POLL_EVERY_SECONDS)
                self._raise_if_broker_is_gone()
            except KafkaException as error:
                # Refused at once (too large, for one): the others can still go.
                self._fail(error.args[0])
                self._raise_if_broker_is_gone()
                return
            else:
                return

    def _poll(self, seconds: float) -> None:
        with held_back():
            self._producer.poll(seconds)
        self._polled_at = time.monotonic()
        if self._on_progress:
            self._on_progress(self.counts)

    def _flush(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while len(self._producer) and time.monotonic() < deadline:
            with held_back():
                self._producer.flush(POLL_EVERY_SECONDS)
            if self._on_progress:
                self._on_progress(self.counts)
        if self._on_progress:
            self._on_progress(self.counts)

    def _on_delivery(self, kind: str, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.counts.by_kind[kind] += 1
            self.counts.topics.add(message.topic() or "")
        else:
            self._fail(error)

    def _fail(self, error: KafkaError) -> None:
        self.counts.failed += 1
        self._is_gone = self._is_gone or error.fatal() or error.code() == KafkaError._MSG_TIMED_OUT
        if self.counts.first_error is None:
            self.counts.first_error = error.str()

    def _on_error(self, error: KafkaError) -> None:
        # "All brokers are down" follows the reason and says less.
        if self._transport_error is None or error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._transport_error = error

    def _raise_if_broker_is_gone(self) -> None:
        if self._is_gone:
            self._raise_failures()

    def _raise_failures(self) -> None:
        waiting = len(self._producer)
        if self.counts.failed or waiting:
            reason = self.counts.first_error or "no answer"
            if self._transport_error is not None:
                reason = f"{reason}; {self._transport_error.str()}"
            raise ServiceError(
                f"Kafka at {self._broker} did not take {self.counts.failed + waiting:,} records, "
                f"{self.counts.delivered:,} were delivered; first reason: {reason}. "
                "Correct the cause and send the same again: what arrived already counts once."
            )
