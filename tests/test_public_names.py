"""Every public name is documented, and stands on a page of the documentation site."""

import ast
import importlib
import inspect
import re
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "chainrule",
    "chainrule.nn",
    "chainrule.training",
    "chainrule.data",
    "chainrule.program",
    "chainrule.program.functions",
    "chainrule.backprop",
    "chainrule.executors",
    "chainrule.executors.native",
    "chainrule.executors.numpy_",
    "chainrule.estimators",
    "chainrule.doctor",
    "chainrule.tune",
    "chainrule.report",
    "chainrule.tasks",
    "chainrule.control",
    "chainrule.science",
)
MODULES = {
    ".".join(file.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): file
    for file in (ROOT / "src").rglob("*.py")
}


def public(package: str) -> dict[str, object]:
    """The names that a package lists."""
    module = importlib.import_module(package)
    return {name: getattr(module, name) for name in module.__all__}


def page_of(package: str) -> str:
    """The page of a package, or of the one that it is part of."""
    return f"api/{[*package.split('.'), package][1]}.md"


@cache
def documented_constants() -> list[tuple[str, str]]:
    """(name, module) of what is assigned with a docstring below it."""
    found = []
    for module, file in MODULES.items():
        for each, below in pairwise(ast.parse(file.read_text(encoding="utf-8")).body):
            targets = {ast.Assign: "targets", ast.AnnAssign: "target"}.get(type(each))
            if targets and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                given = getattr(each, targets)
                named = given if isinstance(given, list) else [given]
                found += [(target.id, module) for target in named if isinstance(target, ast.Name)]
    return found


def is_documented(name: str, each: object) -> bool:
    """Whether it has a docstring: a class or function its own, a table or type alias one below it."""
    if inspect.isclass(each) or inspect.isroutine(each) or isinstance(each, ModuleType):
        # A dataclass without one of its own gets its signature from Python: that is none.
        text = (each.__doc__ or "").strip()
        return bool(text) and not text.startswith(f"{name}(")
    return any(
        known == name and getattr(sys.modules.get(module), name, None) is each
        for known, module in documented_constants()
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_docstring(package: str):
    assert importlib.import_module(package).__doc__
    assert not [name for name, each in public(package).items() if not is_documented(name, each)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_stands_on_the_page_of_its_package(package: str):
    """mkdocstrings shows what `__all__` lists, but no function whose module has the same name."""
    page = page_of(package)
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert f"::: {package}\n" in text
    assert page in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    members = re.search(rf"^::: {re.escape(package)}\n.*\n.*\n      members: \[(.*)\]", text, re.MULTILINE)
    hidden = []
    for name, each in public(package).items():
        home = getattr(each, "__module__", "")
        if isinstance(each, ModuleType):
            there = package == "chainrule" or f"::: {each.__name__}\n" in text
        elif f"{package}.{name}" in MODULES or home.endswith(f".{name}"):
            there = f"::: {home}.{name}\n" in text
        else:
            there = members is None or name in members[1].split(", ")
        hidden += [] if there else [name]
    assert not hidden
