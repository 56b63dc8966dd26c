"""Reading ahead: in order, bounded, with errors in their place, and no thread left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from chainrule.data import read_ahead
from chainrule.errors import ConfigError, DataError


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "chainrule reader"]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_results_come_in_the_order_of_the_jobs_whoever_is_done_first(count):
    def late(number: int) -> int:
        time.sleep(0.002 * (number % 3 == 0))
        return number

    jobs = ((lambda number=number: late(number)) for number in range(30))
    assert list(read_ahead(jobs, count)) == list(range(30))
    assert readers() == []


def test_jobs_run_beside_each_other():
    meeting = threading.Barrier(3, timeout=5)  # breaks unless three jobs are at it at once
    jobs = [meeting.wait] * 3
    assert sorted(read_ahead(jobs, 3)) == [0, 1, 2]


def test_an_error_comes_in_the_place_of_the_result_and_ends_it():
    def job(number: int) -> int:
        if number == 3:
            raise DataError("chunk 3 is damaged")
        return number

    taken = []

    def take():
        for number in read_ahead(((lambda n=n: job(n)) for n in range(100)), 4):
            taken.append(number)

    with pytest.raises(DataError, match="chunk 3"):
        take()
    assert taken == [0, 1, 2]
    assert readers() == []


def test_an_error_where_jobs_come_from_is_raised_after_what_came_before():
    def jobs():
        yield lambda: 1
        raise DataError("no more of them")

    taken = read_ahead(jobs(), 2)
    assert next(taken) == 1
    with pytest.raises(DataError, match="no more"):
        next(taken)


def test_ending_early_ends_what_the_jobs_come_from_too():
    ended = threading.Event()

    def inner() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            ended.set()

    taken = read_ahead((lambda n=n: n) for n in read_ahead(((lambda n=n: n) for n in inner()), 1))
    assert next(taken) == 0
    taken.close()
    assert ended.is_set()
    assert readers() == []


def test_an_interrupt_leaves_no_thread_behind():
    def interrupted():
        for _ in read_ahead([lambda: 1] * 100, 4):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert readers() == []


@pytest.mark.parametrize("count", [0, -1, 65, 1.5, True])
def test_a_number_of_readers_that_is_none_is_refused_at_once(count):
    with pytest.raises(ConfigError, match="readers is"):
        read_ahead([], count)
