"""Dynamic batching: what is asked at the same time is answered by one call, which takes hardly longer than for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Batching(Generic[Asked, Answered]):
    """Answers that are made together for all who wait in the same turn of the event loop.

    Nobody waits for others to come: a lone question is answered at once. But while one batch is worked on, questions
    arrive, and these are the next batch, so the more there is to do, the less each costs.

    Parameters
    ----------
    answer : callable
        Takes questions and returns an answer for each, in their order.

    Examples
    --------
    >>> async def both(square):
    ...     return await asyncio.gather(square(2), square(3))
    >>> asyncio.run(both(Batching(lambda numbers: [n * n for n in numbers])))
    [4, 9]
    """

    def __init__(self, answer: Callable[[Sequence[Asked]], Sequence[Answered]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Asked, asyncio.Future[Answered]]] = []

    async def __call__(self, asked: Asked) -> Answered:
        """Answer one question; what the answering raises reaches all that it was asked for."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._work)
        future: asyncio.Future[Answered] = loop.create_future()
        self._waiting.append((asked, future))
        return await future

    def _work(self) -> None:
        # Who has gone away is not answered.
        waiting = [(asked, future) for asked, future in self._waiting if not future.done()]
        self._waiting = []
        if not waiting:
            return
        try:
            answers = self._answer([asked for asked, _ in waiting])
        except Exception as error:
            for _, future in waiting:
                future.set_exception(error)
            return
        for (_, future), answer in zip(waiting, answers, strict=True):
            future.set_result(answer)
