"""Texts in packages: their files one after the other, and what is left out."""

import pytest

from chainrule.data.named.sets import NAMED, named_entry
from chainrule.data.named.text_sets import joined
from chainrule.errors import DataError


def test_books_stand_one_after_the_other():
    files = {
        "package/gutenberg/b.txt": b"\r\nTwo\r\n\r\nlines\x1a",
        "package/gutenberg/README": b"not this",
        "package/gutenberg/a.txt": "Cæsar\n\n".encode("latin-1"),
        "package/gutenberg/c.txt": "Brontë".encode(),
    }
    assert joined(files).decode() == "Cæsar\n\nTwo\n\nlines\n\nBrontë\n"


def test_names_are_those_of_tables_images_and_texts():
    names = list(NAMED)
    assert names.index("iris") < names.index("mnist") < names.index("gutenberg")
    with pytest.raises(DataError, match=r"no data set 'gutenborg' \(did you mean 'gutenberg'\?\)"):
        named_entry("gutenborg")
