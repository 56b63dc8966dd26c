"""Makes lists of the arguments and fields in docstrings, for the API reference: an extension of griffe.

In a docstring, 'name: text' at the beginning of a sentence describes an argument or a field. On the site each
is an item of a list, and < and * are shown rather than read as HTML and Markdown.
"""

import re
from itertools import pairwise
from typing import Any

from griffe import Extension, Object

_NAME = r"(?:\*{0,2}[a-z_]\w*|X)"
_FIELD = re.compile(rf"(?:^|(?<=[.!?)] )|(?<=[.!?):;]\n)){_NAME}(?:,\s+{_NAME})*: (?=\S)")
_AFTER = re.compile(r"(?<=[.!?)])\s+(?=(?:Raises|Returns) )")
_CODE = re.compile(r"(`[^`]+`)")


class Fields(Extension):
    """Rewrites the docstring of every object once, when it has been read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """A docstring as Markdown; its sections underlined with ---, as of numpydoc, are left as they are."""
    summary, *paragraphs = docstring.split("\n\n")
    done = [_literal(summary)]
    while paragraphs and "\n---" not in paragraphs[0]:
        done.append(_listed(paragraphs.pop(0)))
    return "\n\n".join(done + paragraphs)


def _listed(paragraph: str) -> str:
    starts = [match.start() for match in _FIELD.finditer(paragraph)]
    if not starts or paragraph.startswith((" ", ">>>", "- ")):
        return _literal(paragraph)
    *fields, last = (paragraph[start:end] for start, end in pairwise([*starts, len(paragraph)]))
    last, *after = _AFTER.split(last, maxsplit=1)
    items = []
    for field in [*fields, last]:
        names, text = " ".join(field.split()).split(": ", 1)
        marked = ", ".join(f"`{name}`" for name in names.split(", "))
        items.append(f"- {marked}: {_literal(text)}")
    before = paragraph[: starts[0]].strip()
    parts = [_literal(before), "\n".join(items), *map(_literal, after)]
    return "\n\n".join(part for part in parts if part)


def _literal(text: str) -> str:
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"<(?=[A-Za-z/!])", "&lt;", part).replace("*", r"\*") for part in parts[::2]]
    return "".join(parts)
