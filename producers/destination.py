"""Where records go: to Kafka, or into the files of a landing folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lakehouse.settings import Settings
    from producers.landing import FilePublisher
    from producers.publisher import Publisher
    from producers.record import Counts


def publisher_to(
    folder: Path | None,
    settings: Settings,
    on_progress: Callable[[Counts], None] | None = None,
    *,
    topic: str | None = None,
) -> Publisher | FilePublisher:
    """Return what publishes records: into a landing folder, for which nobody needs Kafka, or to Kafka's topics.

    Parameters
    ----------
    folder : Path, optional
        The landing folder; none: that of the settings where records come from files alone, else Kafka.
    topic : str, optional
        A topic that somebody asked for by name, so that nobody is sure that there is such a one.

    Raises
    ------
    ServiceError
        Kafka cannot be reached, or has no such topic.
    TaskParameterError
        Nobody reads landing files of such a topic.
    """
    if folder is None and settings.events_source == "files":
        folder = settings.landing
    if folder is not None:
        from producers.landing import FilePublisher, require_landing_topic

        if topic:
            require_landing_topic(topic)
        return FilePublisher(folder, on_progress)

    from lakehouse.kafka import client_config, ensure_topics, require_topic
    from lakehouse.services import kafka_bootstrap
    from producers.publisher import Publisher

    bootstrap = kafka_bootstrap(settings)
    ensure_topics(settings, bootstrap)
    if topic:
        require_topic(settings, bootstrap, topic)
    return Publisher(client_config(settings, bootstrap), on_progress)
