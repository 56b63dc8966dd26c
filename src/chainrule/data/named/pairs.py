"""Pairs of texts out of packages: verses of Bibles, messages of programs, words and their sounds."""

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from gettext import GNUTranslations
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_ENGLISH, _SPANISH = "engKJV2006eb", "spaRV1909eb"
_BLOCK = np.dtype([("start", "<u4"), ("size", "<u4"), ("unpacked", "<u4")])
_VERSE = np.dtype([("block", "<u4"), ("start", "<u4"), ("size", "<u2")])
_NO_TEXT = re.compile(r"<title\b.*?</title>|<note\b.*?</note>|<[^>]*>|¶", re.DOTALL)
_MARK = re.compile(r"[_~](?=\w)")
_NUMBERED = re.compile(r"\(\d+\)$")


def verses(files: Mapping[str, bytes]) -> "pd.DataFrame":
    """The verses of two Bibles in zText, SWORD's format of compressed texts, which have the same numbers.

    Without titles, notes and marks. Entries with a text in one of them alone are headings, or left out there.
    """
    import pandas as pd

    sides = []
    for module in (_ENGLISH, _SPANISH):
        own = {PurePosixPath(name).name: each for name, each in files.items() if f"/{module}/" in name}
        sides.append([text for part in ("ot", "nt") for text in _unpacked(own, part)])
    rows = [pair for pair in zip(*sides, strict=True) if all(pair)]
    return pd.DataFrame(rows, columns=["english", "spanish"])


def _unpacked(files: Mapping[str, bytes], part: str) -> Iterator[str]:
    blocks = [
        zlib.decompress(files[f"{part}.bzz"][start : start + size])
        for start, size, _ in np.frombuffer(files[f"{part}.bzs"], _BLOCK).tolist()
    ]
    for block, start, size in np.frombuffer(files[f"{part}.bzv"], _VERSE).tolist():
        text = blocks[block][start : start + size].decode("utf-8") if size else ""
        yield " ".join(_NO_TEXT.sub("", text).split())


def messages(files: Mapping[str, bytes]) -> "pd.DataFrame":
    """Messages of catalogues of GNU gettext and their translations, where both have a letter, each pair once.

    Without breaks of lines, the marks of keys in menus (_File, ~File) and the context before the message.
    """
    import pandas as pd

    rows = []
    for _, content in sorted(files.items()):
        catalogue = vars(GNUTranslations(io.BytesIO(content)))["_catalog"]
        for key, translation in catalogue.items():
            if not isinstance(key, str) or not key:
                continue  # of several numbers, or the head
            pair = [" ".join(_MARK.sub("", each).split()) for each in (key.split("\4")[-1], translation)]
            if all(any(map(str.isalpha, each)) for each in pair):
                rows.append(pair)
    return pd.DataFrame(rows, columns=["english", "spanish"]).drop_duplicates(ignore_index=True)


def pronunciations(files: Mapping[str, bytes]) -> "pd.DataFrame":
    """Words and their phonemes with stress; a word has a row for each of its pronunciations."""
    import pandas as pd

    (content,) = files.values()
    rows = []
    for line in content.decode("utf-8").splitlines():
        word, _, sounds = line.partition("#")[0].strip().partition(" ")
        if sounds:
            rows.append((_NUMBERED.sub("", word), sounds.strip()))
    return pd.DataFrame(rows, columns=["word", "sounds"])
