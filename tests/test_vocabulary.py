"""The page of the vocabulary: true to the docstrings, complete, and with an equation for every entry."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from chainrule import nn

DOCS = Path(__file__).parents[1] / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_vocabulary", DOCS / "make_vocabulary.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()
ENTRIES = [(name, each) for _, _, entries in MAKER.sections() for name, each in entries.items()]


def test_the_page_is_what_the_docstrings_say():
    written = (DOCS / "vocabulary.md").read_text(encoding="utf-8")
    assert written == MAKER.page(), "run `make docs`"


def test_every_public_name_is_on_the_page_once():
    names = [name for name, _ in ENTRIES]
    assert len(set(names)) == len(names)
    assert set(names) == (set(nn.__all__) - MAKER.NO_ENTRIES) | set(nn.ACTIVATIONS)
    assert {kind.__name__ for kind in nn.KINDS} <= set(names)
    assert set(nn.PRESETS) <= set(names)


@pytest.mark.parametrize(("name", "each"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_every_entry_begins_with_its_equation(name: str, each: object):
    first, _ = MAKER.docstring(each)
    assert re.search("[=←~Σ]", first), f"{name}: {first}"
    assert first.endswith((".", "…"))
