"""Makes lists of the arguments and fields in docstrings: an extension of griffe, for the API reference.

In a docstring, 'name: text' at the beginning of a sentence describes an argument or a field. On the site each
is an item of a list, and < and * are shown rather than read as HTML and Markdown.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

try:
    from griffe import Extension
except ImportError:  # docs/make_vocabulary.py runs without the tools of the site
    Extension = object

_NAME = r"(?:\*{0,2}[a-z_]\w*|X)"
_FIELD = re.compile(rf"(?:^|(?<=[.!?)] )|(?<=[.!?):;]\n)){_NAME}(?:,\s+{_NAME})*:(?: (?=\S)|\n(?=[^\s-]))")
_AFTER = re.compile(r"(?<=[.!?)])\s+(?=(?:Raises|Returns) )")
_CODE = re.compile(r"(`[^`]+`)")


class Fields(Extension):
    """Rewrites the docstring of every object once, when it has been read."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrite the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """A docstring as Markdown; its sections underlined with ---, as of numpydoc, are left as they are."""
    summary, *paragraphs = docstring.split("\n\n")
    done = [_literal(summary)]
    while paragraphs and "\n---" not in paragraphs[0]:
        done.append(listed(paragraphs.pop(0), _literal))
    return "\n\n".join(done + paragraphs)


def listed(paragraph: str, literal: Callable[[str], str]) -> str:
    """A paragraph whose arguments and fields are a list. literal: text -> Markdown that shows it."""
    starts = [match.start() for match in _FIELD.finditer(paragraph)]
    if not starts or paragraph.startswith((" ", ">>>", "- ")):
        return literal(paragraph)
    *fields, last = (paragraph[start:end] for start, end in pairwise([*starts, len(paragraph)]))
    last, *after = _AFTER.split(last, maxsplit=1)
    items = []
    for field in [*fields, last]:
        names, text = " ".join(field.split()).split(": ", 1)
        marked = ", ".join(f"`{name}`" for name in names.split(", "))
        items.append(f"- {marked}: {literal(text)}")
    before = paragraph[: starts[0]].strip()
    parts = [literal(before), "\n".join(items), *map(literal, after)]
    return "\n\n".join(part for part in parts if part)


def _literal(text: str) -> str:
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"<(?=[A-Za-z/!])", "&lt;", part).replace("*", r"\*") for part in parts[::2]]
    return "".join(parts)
