"""What to train on and how, from --config and --set: defaults, then the file, then the options."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chainrule.cli.errors import SUBJECT
from chainrule.cli.output import narrate
from chainrule.errors import ChainruleError, ConfigError, DataError, did_you_mean
from chainrule.paths import path_of_text
from chainrule.tasks import TASKS, Opened, Task, settings_of, upgraded_config


@dataclass(frozen=True)
class Order:
    """What the command line asks for. file, target: None where nobody named one."""

    task: Task
    file: str | None
    target: str | None
    settings: Any

    def open(self, command: str) -> Opened:
        """What is trained on; command: whose order it is, for errors. Raises ConfigError and DataError."""
        if self.file is None:
            raise ConfigError(
                "nothing to train on was named",
                remedy=f"name a file and a column (chainrule {command} FILE --target COLUMN), a folder of "
                "images, or a data set, such as digits",
            )
        return self.task.open(self.file, self.target, self.settings, narrate)


def no_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """None in place of the task's defaults, whatever was given."""
    del given
    return {}


def read_order(
    file: str | None,
    target: str | None,
    configs: Sequence[Path],
    assignments: Sequence[str],
    task: str | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
    flag: str = "--config",
    usual: Callable[[Mapping[str, Any]], Mapping[str, Any]] = no_settings,
) -> Order:
    """The order that the arguments of `train` make together.

    file, target: as given on the command line; they have precedence over those in a file. configs: TOML
    files; later ones have precedence. assignments: 'key=value' each, with precedence over the files; the last
    one of a key counts. task: the name of one of TASKS; None: that of the files, else the task that takes the
    source, else the first. options: settings given as options such as --horizon, name -> text.
    flag: which names the TOML files. usual: settings that were given -> those in place of the task's
    defaults, where it has them.
    Raises DataError for a file that can't be read and ConfigError for settings that are unknown or wrong,
    naming their place.
    """
    sources: list[tuple[str, dict[str, Any]]] = [(str(path), read_config(path, flag)) for path in configs]
    sources.append(("--set", dict(read_assignment(text) for text in assignments)))
    flags = {name: flag_of(written) for each in TASKS.values() for name, written in each.options.items()}
    sources += [(f"{flags[name]} {text}", {name: read_value(text)}) for name, text in options.items()]
    merged = {key: value for _, pairs in sources for key, value in pairs.items()}
    subject = {name: merged.pop(name, None) for name in SUBJECT}
    file = file or subject["file"]
    chosen = _task(task or subject["task"], file, options)
    merged = {name: value for name, value in usual(merged).items() if name in chosen.help} | merged
    settings = _settings(chosen, merged, sources)
    return Order(chosen, file, target or subject["target"], settings)


def _task(name: str | None, file: str | None, options: Mapping[str, str]) -> Task:
    """The task of a name, else that which takes the file, else the first.

    ConfigError for another name, and for options that it does not have.
    """
    if name is not None and name not in TASKS:
        raise ConfigError(
            f"--task {name}: there is no such task{did_you_mean(name, TASKS)}",
            remedy=f"choose one of {', '.join(TASKS)}",
        )
    task = _task_of(file) if name is None else TASKS[name]
    for option in options:
        if option not in task.options:
            having = [each for each in TASKS.values() if option in each.options]
            raise ConfigError(
                f"{flag_of(having[0].options[option])} is not for the task {task.name}",
                remedy=f"add --task {having[0].name}, or leave it out",
            )
    return task


def _task_of(file: str | None) -> Task:
    """The first task that takes what is trained on, which is said where others would take it, too."""
    takers = [] if file is None else [task for task in TASKS.values() if task.takes(file)]
    if len(takers) > 1:
        first, *others = (f"--task {task.name}" for task in takers)
        would = f"{' or '.join(others)} would take it, too"
        narrate(f"{file} is taken for {first}, to {takers[0].meaning}; {would}")
    return takers[0] if takers else next(iter(TASKS.values()))


def flag_of(written: str) -> str:
    """'--horizon' of '--horizon STEPS'."""
    return written.partition(" ")[0]


def read_config(path: Path, flag: str) -> dict[str, Any]:
    """The keys of a TOML file that a flag names.

    Raises DataError, or ConfigError where file or target is no text.
    """
    try:
        pairs = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", remedy=f"check the path given with {flag}") from None
    except IsADirectoryError:
        inside = " (did you mean the config.toml in it?)" if (path / "config.toml").is_file() else ""
        raise DataError(f"{path} is a directory{inside}", remedy=f"give a TOML file with {flag}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start})", remedy="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            f"{path} is not TOML: {error}", remedy="write one setting per line, key = value"
        ) from None
    for name in SUBJECT:
        if name in pairs and not isinstance(pairs[name], str):
            raise ConfigError(f"{path}: {name} is {pairs[name]!r}", remedy="it must be a text in quotes")
    if "file" in pairs:
        pairs["file"] = path_of_text(pairs["file"])
    return upgraded_config(pairs)


def read_assignment(text: str) -> tuple[str, Any]:
    """The key and the value of 'key=value'. Raises ConfigError where there is no '='."""
    name, separator, value = text.partition("=")
    key = name.strip().replace("-", "_")
    if not separator or not key:
        raise ConfigError(f"--set {text}: there is no value", remedy="write it as --set key=value")
    if key in SUBJECT:
        right = "the FILE after 'train'" if key == "file" else f"--{key}"
        raise ConfigError(f"--set {text}: {key} is not a setting", remedy=f"give it as {right}")
    return key, read_value(value.strip())


def read_value(text: str) -> Any:
    """A value as TOML writes it; '64,32' is a list, and what TOML does not know is text."""
    for attempt in (text, f"[{text}]" if "," in text else text):
        try:
            parsed = tomllib.loads(f"value = {attempt}")
        except tomllib.TOMLDecodeError:
            continue
        if list(parsed) == ["value"]:
            return parsed["value"]
    try:
        return float(text)  # '.5' and '1.' are numbers to everyone but TOML
    except ValueError:
        return text


def _settings(task: Task, merged: Mapping[str, Any], sources: Sequence[tuple[str, Mapping[str, Any]]]) -> Any:
    try:
        return settings_of(task.settings, merged)
    except ConfigError as error:
        raise _placed(task, error, sources) from None


def _placed(
    task: Task, error: ConfigError, sources: Sequence[tuple[str, Mapping[str, Any]]]
) -> ChainruleError:
    """The error with the name of the last source that is wrong by itself."""
    for name, pairs in reversed(sources):
        try:
            settings_of(task.settings, {key: value for key, value in pairs.items() if key not in SUBJECT})
        except ConfigError as own:
            return own.at(name)
    return error
