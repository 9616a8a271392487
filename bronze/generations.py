"""Generations of a topic: whether it is the one that was read before, or another that was made anew under its name.

Offsets of a topic that was made anew begin at 0 again. Going on behind those of its predecessor would leave out its
first records, without a word once there are enough; reading them under its name would give two records one position.
So a later generation has a name of its own in bronze, and a checkpoint of its own.
"""

from __future__ import annotations

from pathlib import Path

from lakehouse.errors import DataLossError
from lakehouse.lake import Lakehouse

_CONSUMER = "topic_generations"


def generation(lake: Lakehouse, topic: str, topic_id: str | None, checkpoint: Path) -> int:
    """Number the topic that has a name now among those that had it, from 0, and note it.

    Parameters
    ----------
    topic_id : str, optional
        What Kafka calls it beside its name; none: the broker does not say, and it counts as the one that was last read.
    checkpoint : Path
        That of the first generation.

    Raises
    ------
    DataLossError
        It was made anew, and `kafka_on_new_topic` does not say what to do then.
    """
    known = {
        source.removeprefix(f"{topic} "): number
        for source, number in lake.progress.of(_CONSUMER).items()
        if source.startswith(f"{topic} ")
    }
    if topic_id in known:
        return known[topic_id]
    # Of one whose id was never noted, or no longer is, the checkpoints tell how many there were.
    newest = max(known.values(), default=len(list(checkpoint.glob("generation-*"))))
    if topic_id is None:
        return newest
    if known:
        if lake.settings.kafka_on_new_topic == "fail":
            raise DataLossError(
                f"Topic {topic} was deleted and made anew since it was last read, or this is another broker: its "
                "records are others under the same offsets. To read it from its beginning, run once with "
                "KAFKA_ON_NEW_TOPIC=beginning (job parameter kafka_on_new_topic)."
            )
        newest += 1
    lake.progress.commit(_CONSUMER, {f"{topic} {topic_id}": newest})
    return newest


def name_in_bronze(topic: str, number: int) -> str:
    """What bronze calls a generation of a topic: its name, and the how-manyth it is from the second on.

    Examples
    --------
    >>> name_in_bronze("user-events", 0), name_in_bronze("user-events", 1)
    ('user-events', 'user-events#2')
    """
    return f"{topic}#{number + 1}" if number else topic


def checkpoint_of(checkpoint: Path, number: int) -> Path:
    """The checkpoint of a generation, within that of the first, so that they are deleted together."""
    return checkpoint / f"generation-{number + 1}" if number else checkpoint
