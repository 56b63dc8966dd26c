"""The page for those who come from elsewhere: true to the package, and complete."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BASES = {"Container", "LinearCrossEntropyOptions", "Module", "RNNBase", "RNNCellBase"}


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_coming_from", DOCS / "make_coming_from.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKER = maker()
LISTS = MAKER.lists()
ENTRIES = [(heading, name) for heading, entries in LISTS.items() for name in entries]


def test_the_page_is_what_the_list_and_the_package_say():
    assert (DOCS / "coming_from.md").read_text(encoding="utf-8") == MAKER.page(), "run `make docs`"


@pytest.mark.parametrize(("heading", "name"), ENTRIES)
def test_every_entry_is_here_or_says_why_not(heading: str, name: str):
    ours, remark = LISTS[heading][name]
    if not ours:
        assert remark
    elif not MAKER.known(ours):
        assert MAKER.name_of(ours) in MAKER.coming(), f"the package has no {ours}"


@pytest.mark.parametrize(("heading", "name"), ENTRIES)
def test_functions_named_in_remarks_are_here(heading: str, name: str):
    for code in re.findall(r"\bf\.\w+", LISTS[heading][name].remark):
        assert MAKER.known(code)


@pytest.mark.parametrize("heading", LISTS)
def test_lists_are_sorted(heading: str):
    names = list(LISTS[heading])
    assert names == sorted(names)


def test_torchs_modules_are_listed():
    torch: Any = pytest.importorskip("torch")
    theirs = set(torch.nn.modules.__all__) - BASES
    assert theirs <= set(LISTS["torch.nn: modules"])


def test_torchs_optimizers_and_schedules_are_listed():
    torch: Any = pytest.importorskip("torch")
    optim = torch.optim
    theirs = {
        n for n, each in vars(optim).items() if isinstance(each, type) and issubclass(each, optim.Optimizer)
    }
    assert theirs - {"Optimizer"} <= set(LISTS["torch.optim: optimizers"])
    schedules = set(optim.lr_scheduler.__all__) - {"LRScheduler"}
    assert schedules <= set(LISTS["torch.optim: schedules"])


def test_what_is_here_is_not_to_come():
    assert [name for name in sorted(MAKER.coming()) if MAKER.known(name)] == []


@pytest.mark.parametrize("heading", sorted(set(LISTS) - {"Keras: optimizers"}))
def test_nine_in_ten_have_a_counterpart(heading: str):
    assert MAKER.share(LISTS[heading]) >= 0.9
