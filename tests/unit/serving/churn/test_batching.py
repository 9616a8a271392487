"""Dynamic batching: who is answered together, and what becomes of failures."""

import asyncio

import pytest

from serving.churn.batching import Batching


class Doubling:
    """Doubles numbers other than 0, and remembers what it was asked."""

    def __init__(self):
        self.calls = []

    def __call__(self, numbers):
        self.calls.append(list(numbers))
        if 0 in numbers:
            raise ValueError("nothing to double")
        return [2 * number for number in numbers]


def test_questions_of_one_moment_are_one_call_and_each_gets_its_own_answer():
    doubling = Doubling()
    double = Batching(doubling)

    async def asked():
        return await asyncio.gather(*(double(number) for number in (1, 2, 3))), await double(4)

    assert asyncio.run(asked()) == ([2, 4, 6], 8)
    assert doubling.calls == [[1, 2, 3], [4]]


def test_a_failure_reaches_all_that_it_was_for_and_nobody_after_them():
    double = Batching(Doubling())

    async def asked():
        return await asyncio.gather(double(0), double(1), return_exceptions=True), await double(5)

    failed, after = asyncio.run(asked())

    assert [str(error) for error in failed] == ["nothing to double"] * 2
    assert after == 10


def test_who_has_gone_away_is_not_answered():
    doubling = Doubling()
    double = Batching(doubling)

    async def asked():
        gone, stays = (asyncio.ensure_future(double(number)) for number in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(asked()) == 4
    assert doubling.calls == [[2]]
