"""The one place where errors become a line on standard error and an exit code."""

import os
import re
import sys
from collections.abc import Callable
from typing import Any, cast

import typer

from chainrule.cli.output import tell
from chainrule.errors import ChainruleError, did_you_mean
from chainrule.starting import INTERRUPTED
from chainrule.tasks.settings import HELP

SUCCESS = 0
BROKEN_PIPE = 1
BAD_INPUT = 2

# typer does not export the error of a wrong command line, but every kind of it is a sibling of this one.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
_ASIDE = re.compile(r"(^|/)\.([^/]+)\.[a-z0-9_]{8}$")
_OPTION = re.compile(r"No such option:? '?(--?[^\s'(]+)")


def guarded(run: Callable[[], int | None]) -> int:
    """Run a command and return its exit code.

    0: done. 2: the input or the command line is wrong, told in one line that begins 'chainrule: '.
    130: ended by Ctrl-C. 1: who reads standard output has gone (`| head`), which is told to nobody.
    Any other exception is a defect of chainrule and passes through.
    """
    try:
        code = run()
        sys.stdout.flush()
    except ChainruleError as error:
        return _refuse(str(error))
    except UsageError as error:
        return _refuse(_usage(error))
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
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


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: typer makes one of it, and so do modules that are half imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse(message: str) -> int:
    tell("chainrule: " + " ".join(message.split()))
    return BAD_INPUT


def _reader_gone() -> int:
    # Python flushes standard output once more when it ends, which would fail again, with a message.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _system(error: OSError) -> str:
    # Files are written aside, as .name.xxxxxxxx, and renamed: the person knows the name alone.
    name = _ASIDE.sub(r"\1\2", str(error.filename)) if error.filename is not None else ""
    reason = error.strerror or str(error)
    return f"{name}{': ' if name else ''}{reason}; check the path, its permissions and the space on the disk"


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
    if setting in HELP and command.name in ("train", "tune"):
        return f"there is no option {option}, it is a setting: --set {setting}=…"
    known = ["--help", *(name for each in command.params for name in each.opts if name.startswith("-"))]
    return f"there is no option {option}{did_you_mean(option, known)}"
