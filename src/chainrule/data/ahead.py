"""Reading ahead: threads compute the results of jobs before they are needed, in the order of the jobs."""

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chainrule.errors import ConfigError

_Made = TypeVar("_Made")


def read_ahead(jobs: Iterable[Callable[[], _Made]], readers: int = 1) -> Generator[_Made, None, None]:
    """The results of jobs, in the order of the jobs, whichever is ready first.

    jobs: functions; the iterator is used by one thread at a time, and the jobs run in parallel.
    readers: number of threads, at least 1. At most so many results are computed or waiting; with the one in
        use, readers + 1 are in memory.
    An exception of a job is raised here, instead of its result, and ends the iteration. When the iterator
    ends, is closed or is dropped, its threads have ended, too. It belongs to the process that began it: in a
    child by fork it raises ConfigError.
    """
    check_readers(readers)
    return _read_ahead(jobs, readers)  # threads start with the first that is asked for


@contextmanager
def ended(made: Iterator[_Made]) -> Iterator[Iterator[_Made]]:
    """Within this context an iterator is gone through; what it reads ahead by has ended after it."""
    try:
        yield made
    finally:
        if isinstance(made, Generator):
            made.close()


def check_readers(readers: int) -> None:
    """ConfigError unless this is a number of reading threads."""
    if not isinstance(readers, int) or isinstance(readers, bool) or not 1 <= readers <= _MOST_READERS:
        raise ConfigError(
            f"readers is {readers!r}", remedy=f"give a whole number of threads, from 1 to {_MOST_READERS}"
        )


_MOST_READERS = 64


def _read_ahead(jobs: Iterable[Callable[[], _Made]], readers: int) -> Generator[_Made, None, None]:
    process, desk = os.getpid(), _Desk(iter(jobs), readers)
    threads = [
        threading.Thread(target=desk.work, name="chainrule reader", daemon=True) for _ in range(readers)
    ]
    try:
        for thread in threads:
            thread.start()
        while True:
            if os.getpid() != process:
                raise ConfigError(
                    "data are read ahead by threads of the process that was forked, and not of this one",
                    remedy="begin to read in the process that takes the data",
                )
            result = desk.take()
            if result is None:
                return
            if result.error is not None:
                raise result.error
            yield result.value
            del result  # before the next is waited for, so that what the caller is done with is free
    finally:
        if (
            os.getpid() == process
        ):  # a child by fork has no such threads, and their lock may be locked for ever
            desk.close()
            for thread in threads:
                if thread.ident is not None and thread is not threading.current_thread():
                    thread.join()
            desk.clear()


@dataclass(frozen=True)
class _Result:
    value: Any = None
    error: BaseException | None = None


@dataclass
class _Desk:
    """Where readers take jobs and lay down results.

    begun, taken: jobs begun, results taken. made: results that wait, by the number of their job. closed: no
    job is to be begun any more.
    """

    jobs: Iterator[Callable[[], Any]]
    readers: int
    begun: int = 0
    taken: int = 0
    made: dict[int, _Result] = field(default_factory=dict)
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """What a reader does: one job after the other, while there is room for what it gives."""
        while True:
            with self.turn:  # a job is begun by one reader after the other, outside of the lock of results
                with self.changed:
                    while not self.closed and self.begun - self.taken >= self.readers:
                        self.changed.wait()
                    if self.closed:
                        return
                number = self.begun
                try:
                    job = next(self.jobs)
                except StopIteration:
                    self.close()
                    return
                except BaseException as error:  # noqa: BLE001 (it is raised where results are taken)
                    self._lay(number, _Result(error=error))
                    self.close()
                    return
                self.begun += 1
            try:
                self._lay(number, _Result(job()))
            except BaseException as error:  # noqa: BLE001 (it is raised where results are taken)
                self._lay(number, _Result(error=error))
                self.close()
                return
            finally:
                del job

    def take(self) -> _Result | None:
        """The next result, waited for; None after the last."""
        with self.changed:
            while self.taken not in self.made:
                if self.closed and self.taken >= self.begun:
                    return None
                self.changed.wait()
            result = self.made.pop(self.taken)
            self.taken += 1
            self.changed.notify_all()
            return result

    def close(self) -> None:
        """Begin no more jobs."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def clear(self) -> None:
        """Let go of results that nobody takes, and of what jobs are made from; readers have ended."""
        self.made.clear()
        if isinstance(self.jobs, Generator):  # which may read ahead itself
            self.jobs.close()

    def _lay(self, number: int, result: _Result) -> None:
        with self.changed:
            self.made[number] = result
            self.changed.notify_all()
