"""Locks that die with their process: who writes something holds one, and others are told who that is."""

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from chainrule.errors import ConfigError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_WAIT_SECONDS = 0.05
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
_FAR = 1 << 30  # Windows locks bytes, and nobody else can read those: one far behind the note


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: a process on a machine, and since when, in that machine's local time."""

    pid: int
    host: str
    since: str

    @staticmethod
    def here() -> "Owner":
        """This process, from now on."""
        import socket

        return Owner(os.getpid(), socket.gethostname(), datetime.now().isoformat(" ", "seconds"))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@dataclass(frozen=True, eq=False)
class Lock:
    """A lock that is held.

    path: of its file, which says who holds it. handle: of the open file; the system takes the lock back when
    the process ends, however it ends. certain: False on a file system without locks, where others may hold
    it, too.
    """

    path: Path
    handle: int
    certain: bool

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if sys.platform == "win32":  # which removes no open file
            os.close(self.handle)
            with suppress(OSError):
                self.path.unlink()
            return
        with suppress(OSError):
            self.path.unlink()
        os.close(self.handle)


def try_lock(path: Path) -> Lock | None:
    """The lock of this file, which is made where there is none; None where another holds it.

    Threads of one process are kept apart, too. Raises OSError where the file can't be made.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            lock = Lock(path, handle, _lock(handle))
            if not _is_at(handle, path):  # its last owner has removed it meanwhile
                os.close(handle)
                continue
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        try:
            with suppress(OSError):  # on a full disk nobody learns who holds it
                os.ftruncate(handle, 0)
                os.write(handle, json.dumps(asdict(Owner.here())).encode())
        except BaseException:
            lock.release()
            raise
        return lock


@contextmanager
def locked(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Within this context nobody else holds this lock.

    what, remedy: of the ConfigError where another does; who that is follows on what. A process that was
    killed holds nothing. On a file system without locks the context is entered without one.
    """
    lock = try_lock(path)
    if lock is None:
        raise ConfigError(f"{what} by {_noted(path) or 'another process'}", remedy=remedy)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def in_turn(path: Path) -> Iterator[Lock]:
    """As `locked`, but waits until the others are done."""
    while (lock := try_lock(path)) is None:
        time.sleep(_WAIT_SECONDS)
    try:
        yield lock
    finally:
        lock.release()


def _lock(handle: int) -> bool:
    """Lock an open file; False on a file system without locks. Raises BlockingIOError where it is held."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                raise BlockingIOError from None
            finally:
                os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _noted(path: Path) -> Owner | None:
    try:
        return Owner(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
