"""The one place where errors become a line on standard error and an exit code."""

import errno
import os
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, cast

import typer

from chainrule.cli.output import tell
from chainrule.errors import ChainruleError, ChainruleWarning, did_you_mean, nearest
from chainrule.starting import INTERRUPTED, ready
from chainrule.tasks import TASKS

SUCCESS = 0
BROKEN_PIPE = 1
BAD_INPUT = 2
SUBJECT = ("file", "target", "task")  # what is no setting, but an argument or an option of its own

# typer does not export the error of a wrong command line, but every kind of it is a sibling of this one.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REMEDIES = {
    errno.ENOSPC: "make room on that disk, or choose another place",
    errno.EDQUOT: "make room within your quota, or choose another place",
    errno.EFBIG: "the disk, or a limit (ulimit -f), takes no file so large: choose another place",
    errno.EROFS: "nothing can be written there: choose another place",
}
_REMEDY = "check the path, its permissions and the space on the disk"
_SET = ("train", "tune")  # commands that take settings
_OPTION = re.compile(r"No such option:? '?(--?[^\s'(]+)")


def in_options(name: str, value: Any) -> str:
    """A setting as the command line has it: --set epochs=50, or --target COLUMN."""
    options = {name: f"--{name} {name.upper()}" for name in SUBJECT}
    options |= {name: written for task in TASKS.values() for name, written in task.options.items()}
    options |= {
        name: each.written
        for task in TASKS.values()
        for verb in task.verbs.values()
        for name, each in verb.options.items()
    }
    if name in options:
        flag, _, stands_for = options[name].partition(" ")
        return f"{flag} {stands_for if value is ... else _written(value)}"
    return f"--set {name}={_written(value)}"


def _written(value: Any) -> str:
    """A value as `--set` takes it, without quotes that a shell would remove."""
    if value is ...:
        return "…"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def guarded(run: Callable[[], int | None]) -> int:
    """Run a command and return its exit code.

    Warnings of chainrule are a line each on standard error.

    0: done. 2: the input or the command line is wrong, told in one line that begins 'chainrule: '.
    130: ended by Ctrl-C. 1: who reads standard output has gone (`| head`), which is told to nobody.
    Any other exception is a defect of chainrule and passes through.
    """
    try:
        ready()
        with warnings.catch_warnings():
            warnings.showwarning = _shown(warnings.showwarning)
            warnings.filterwarnings("ignore", module=r"PIL\.")  # of what a file has wrong beside its pixels
            code = run()
        sys.stdout.flush()
    except ChainruleError as error:
        error.door = in_options
        return _refuse(str(error))
    except UsageError as error:
        return _refuse(_usage(error))
    except BrokenPipeError:
        _close_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.filename is None and error.errno in _FULL:  # files are written by their names
            _close_output()
            error.filename = "standard output"
        return _refuse(_system(error))
    except MemoryError as error:
        detail = f" ({error})" if str(error) else ""
        return _refuse(f"there is not enough memory{detail}; use fewer rows, or smaller layers and batches")
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:  # typer's own answer to a broken pipe
        return ended.code if isinstance(ended.code, int) else BROKEN_PIPE
    except Exception as error:
        if _interrupted(error):
            return INTERRUPTED
        raise
    return code or SUCCESS


def _shown(otherwise: Callable[..., None]) -> Callable[..., None]:
    """What shows a warning: one of ours as a line, in the words of the command line; others as before."""

    def show(message: Warning | str, *details: Any, **named: Any) -> None:
        if isinstance(message, ChainruleWarning):
            message.door = in_options
            tell("chainrule: warning: " + " ".join(str(message).split()))
        else:
            otherwise(message, *details, **named)

    return show


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: typer makes one of it, and so do modules that are half imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse(message: str) -> int:
    tell("chainrule: " + " ".join(message.split()))
    return BAD_INPUT


def _close_output() -> None:
    # Python flushes standard output once more when it ends, which would fail again, with a message.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system(error: OSError) -> str:
    reason = error.strerror or str(error)
    name = f"{error.filename}: " if error.filename is not None else ""
    return f"{name}{reason}; {_REMEDIES.get(error.errno or 0, _REMEDY)}"


def _usage(error: typer.BadParameter) -> str:
    """A wrong command line in one line: what is wrong, and where the right words stand."""
    context = error.ctx
    path = context.command_path if context else "chainrule"
    text = error.format_message()
    unknown = _OPTION.match(text)
    if unknown and context:
        return f"{_unknown_option(unknown[1], context.command)}; see {path} --help"
    text = re.sub(r"\. Did you mean (.*?)\?$", r" (did you mean \1?)", text.rstrip(". "))
    return f"{text[:1].lower()}{text[1:]}; see {path} --help"


def _unknown_option(option: str, command: Any) -> str:
    setting = option.lstrip("-").replace("-", "_")
    if any(setting in task.options for task in TASKS.values()):
        return f"{command.name} has no option {option}"
    settings = {each for task in TASKS.values() for each in task.help} if command.name in _SET else set()
    if setting in settings:
        return f"there is no option {option}, it is a setting: --set {setting}=…"
    known = ["--help", *(name for each in command.params for name in each.opts if name.startswith("-"))]
    meant = did_you_mean(option, known)
    if not meant and (near := nearest(setting, settings)):
        meant = f" (did you mean the setting --set {near}=…?)"
    return f"there is no option {option}{meant}"
