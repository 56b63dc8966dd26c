"""Saying that NumPy takes the place of the executor that was asked for."""

from functools import cache

from chainrule.errors import ChainruleWarning, warn


@cache
def warn_of_numpy(reason: str, remedy: str, programs: str) -> None:
    """Warn that NumPy runs programs, and why: once in a process for each reason.

    programs: which of them, such as 'programs run'. Where a filter makes an error of the warning, that is
    raised every time.
    """
    warn(ChainruleWarning(f"{reason}, so {programs} in NumPy, several times slower", remedy=remedy))
