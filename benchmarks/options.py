"""Options of the command lines that name several things."""

from collections.abc import Iterable, Mapping

import typer

from chainrule.errors import did_you_mean


def listed(meanings: Mapping[str, str]) -> str:
    """A line of help for each name."""
    width = max(map(len, meanings)) + 2
    return "\n".join(f"  {name:<{width}}{meaning}" for name, meaning in meanings.items())


def names(given: str | None, known: Iterable[str], usual: Iterable[str], option: str) -> list[str]:
    """The names in 'a,b', each once; None: the usual ones. typer.BadParameter for one that is not known."""
    if given is None:
        return list(usual)
    known = list(known)
    found = [name.strip() for name in given.split(",") if name.strip()]
    for name in found:
        if name not in known:
            raise typer.BadParameter(
                f"there is no '{name}'{did_you_mean(name, known)}; there are {', '.join(known)}",
                param_hint=option,
            )
    if not found:
        raise typer.BadParameter(f"name at least one of {', '.join(known)}", param_hint=option)
    return list(dict.fromkeys(found))
