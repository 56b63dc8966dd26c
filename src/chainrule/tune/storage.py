"""Where a study is stored: in memory, in an SQLite file, or in a database that many machines share."""

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from chainrule.errors import ConfigError

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage, RDBStorage
    from sqlalchemy import URL

HEARTBEAT_SECONDS = 5
GRACE_SECONDS = 30
_BUSY_SECONDS = 60  # how long SQLite waits while another process writes
_CONNECT_SECONDS = 10
_SET_UP_TRIES = 5


@dataclass(frozen=True, eq=False)
class Storage:
    """An open storage. address: its name in messages, without passwords."""

    backend: "BaseStorage"
    address: str

    @contextmanager
    def heartbeat(self, study: "optuna.Study", number: int) -> Iterator[None]:
        """Send heartbeats during this context, so that other processes know that the trial is running."""
        from optuna.storages import RDBStorage

        if not isinstance(self.backend, RDBStorage):  # no other process sees a study in memory
            yield
            return
        backend = self.backend
        identifier = backend.get_trial_id_from_study_id_trial_number(
            backend.get_study_id_from_name(study.study_name), number
        )
        backend.record_heartbeat(identifier)
        over = threading.Event()
        thread = threading.Thread(target=_beat, args=(backend, identifier, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def open_storage(where: Path | str | None) -> Iterator[Storage]:
    """An open storage, closed when this context ends.

    where: None keeps the study in memory; a path is an SQLite file; a text with '://' is the URL of a
    database in SQLAlchemy's form, such as postgresql://user@host/database.
    Raises ConfigError if Optuna or the driver of the database is not installed, or if the database does not
    respond, now or within the context.
    """
    optuna = import_optuna()
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        if where is None:
            yield Storage(optuna.storages.InMemoryStorage(), "memory")
            return
        url, address = _url(where)
        with _answering(address):
            _ping(url, address)
            backend = _set_up(url)
            try:
                yield Storage(backend, address)
            finally:
                backend.remove_session()
                backend.engine.dispose()
    finally:
        optuna.logging.set_verbosity(verbosity)


def import_optuna() -> ModuleType:
    """The module optuna. Raises ConfigError if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            "tuning needs Optuna, which is not installed", remedy="pip install 'chainrule[tune]'"
        ) from None
    return optuna


@contextmanager
def without_experimental_warnings() -> Iterator[None]:
    """Heartbeats are experimental in Optuna, and meant for its own loop; ours keeps them as that does."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", message="Heartbeat of storage")
        yield


def _beat(backend: "RDBStorage", identifier: int, over: threading.Event) -> None:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    while not over.wait(HEARTBEAT_SECONDS):
        try:
            backend.record_heartbeat(identifier)
        except (StorageInternalError, SQLAlchemyError):
            continue  # the next beat may get through; if none does, the trial's own writes say why
    backend.remove_session()


def _url(where: Path | str) -> tuple["URL", str]:
    """The URL of a database, and its name in messages."""
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in str(where):
        return URL.create("sqlite", database=str(Path(where).absolute())), str(where)
    try:
        url = make_url(str(where))
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ConfigError(
            "the study's URL can't be read", remedy="write it as postgresql://user:password@host/database"
        ) from None
    address = url.render_as_string(hide_password=True)
    # psycopg 3 is the driver that chainrule[postgresql] brings; SQLAlchemy's default is its predecessor.
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return url, address


def _arguments(url: "URL") -> dict[str, Any]:
    """The arguments of SQLAlchemy's engine for this database."""
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    if url.get_backend_name() == "postgresql":
        return {"connect_args": {"connect_timeout": _CONNECT_SECONDS}, "pool_pre_ping": True}
    return {"pool_pre_ping": True}


def _ping(url: "URL", address: str) -> None:
    """Connect to the database once. Raises ConfigError if that fails."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import NoSuchModuleError

    try:
        engine = create_engine(url, **_arguments(url))
    except NoSuchModuleError:
        raise ConfigError(
            f"the study's URL begins with {url.drivername}://, which is not a known database",
            remedy="give a URL such as postgresql://user@host/database or sqlite:///file.db",
        ) from None
    except ImportError as error:
        remedy = f"install {error.name}, the driver of that database"
        if url.get_backend_name() == "postgresql":
            remedy = "pip install 'chainrule[postgresql]'"
        raise ConfigError(f"{address} needs {error.name}, which is not installed", remedy=remedy) from None
    try:
        inspect(engine).get_table_names()
    finally:
        engine.dispose()


def _set_up(url: "URL") -> "RDBStorage":
    """The storage, with its tables created if they are missing."""
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

    # Optuna fills a template, so that braces, as in a password, are to be doubled.
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    for remaining in reversed(range(_SET_UP_TRIES)):
        try:
            with without_experimental_warnings():
                return RDBStorage(
                    text,
                    engine_kwargs=_arguments(url),
                    heartbeat_interval=HEARTBEAT_SECONDS,
                    grace_period=GRACE_SECONDS,
                )
        except (IntegrityError, OperationalError, ProgrammingError, StorageInternalError):
            # Of several that make the tables at once, all but one fail; a moment later the tables are there.
            if not remaining:
                raise
            time.sleep(0.2)
        except RuntimeError as error:  # tables of another Optuna
            raise ConfigError(" ".join(str(error).split()), remedy="or give another database") from None
    raise AssertionError  # the last try returned or raised


@contextmanager
def _answering(address: str) -> Iterator[None]:
    """Within this context, errors of the database become a ConfigError."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        check = "the address and that the database runs"
        if "://" not in address:
            check = "the path, its permissions and the space on the disk"
        raise ConfigError(
            f"the study at {address} does not respond: {_reason(error)}",
            remedy=f"check {check}; what was done is not lost",
        ) from error


def _reason(error: BaseException) -> str:
    """What the database's driver said, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
