"""Writes docs/coming_from.md from docs/coming_from.toml and from what the package has: `make docs`."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chainrule import nn
from chainrule.program import functions

PAGE = Path(__file__).with_name("coming_from.md")
DATA = Path(__file__).with_name("coming_from.toml")
NOT_HERE = "not here"
COMMAND = "chainrule train"

START = """# Coming from Keras, PyTorch or MATLAB

Every layer, loss, optimizer and schedule of Keras 3 and of torch.nn and torch.optim, and MATLAB's training
functions, beside what they are called here: in `nn`, or, with `f.`, in `chainrule.program.functions`.
A counterpart serves the same purpose; the remark says where it differs, and the [vocabulary](vocabulary.md)
has each with its equation. What is not here has its reason.
This page is made by `make docs` from a list in the project and from the package's own tables.

Data is channels-last: images are (batch, height, width, channels), sequences (batch, time, features).
"""


class Entry(NamedTuple):
    """How something is written here, '' if it is not, and a remark."""

    ours: str
    remark: str

    @property
    def here(self) -> bool:
        """Whether the package has it."""
        return bool(self.ours) and known(self.ours)


Lists = Mapping[str, Mapping[str, Entry]]


def lists() -> Lists:
    """Heading -> (their name -> the entry)."""
    return {
        heading: {name: Entry(*pair) for name, pair in entries.items()}
        for heading, entries in _data().items()
        if isinstance(entries, dict)
    }


def coming() -> frozenset[str]:
    """Names that may be missing in the package."""
    return frozenset(_data()["coming"])


def name_of(ours: str) -> str:
    """'Pad(1, "reflect")' -> 'Pad'."""
    return ours.partition("(")[0]


def known(ours: str) -> bool:
    """Whether the package has what is written so."""
    name = name_of(ours)
    if name == COMMAND:
        return True
    if name.startswith("f."):
        return name.removeprefix("f.") in functions.__all__
    if name == "Activation" and "(" in ours:
        return ours.split('"')[1] in nn.ACTIVATIONS
    return name in nn.__all__ or name in nn.PRESETS


def share(entries: Mapping[str, Entry]) -> float:
    """Which part of a list has a counterpart."""
    return sum(each.here for each in entries.values()) / len(entries)


def page() -> str:
    """The whole page."""
    text = [START]
    for heading, entries in lists().items():
        found = sum(each.here for each in entries.values())
        text.append(f"## {heading}\n\n{found} of {len(entries)} have a counterpart.\n")
        text.append(f"| {heading.partition(':')[0]} | chainrule | |\n|---|---|---|")
        text += [_row(name, each) for name, each in entries.items()]
        text.append("")
    return "\n".join(text)


def _row(name: str, entry: Entry) -> str:
    if entry.here:
        return f"| `{name}` | `{entry.ours}` | {_escaped(entry.remark)} |"
    return f"| `{name}` | {NOT_HERE} | {_escaped(entry.remark if not entry.ours else 'not yet')} |"


def _escaped(remark: str) -> str:
    parts = re.split(r"(`[^`]+`)", remark)
    parts[::2] = [re.sub(r"([*_<>|])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _data() -> Mapping[str, Any]:
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
