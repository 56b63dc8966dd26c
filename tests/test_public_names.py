"""Every public name is documented, and the documentation site has a page for its package."""

import importlib
import inspect
from pathlib import Path

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
    "chainrule.executors.native",
    "chainrule.executors.numpy_",
    "chainrule.estimators",
    "chainrule.tune",
)


def classes_and_functions(package: str) -> dict[str, object]:
    """The public names that can carry a docstring; tables and type aliases can't."""
    module = importlib.import_module(package)
    found = {name: getattr(module, name) for name in module.__all__}
    return {name: each for name, each in found.items() if inspect.isclass(each) or inspect.isroutine(each)}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_docstring(package: str):
    assert importlib.import_module(package).__doc__
    # A dataclass without one of its own gets its signature from Python: that is none.
    bare = [
        name
        for name, each in classes_and_functions(package).items()
        if not (each.__doc__ or "").strip() or (each.__doc__ or "").startswith(f"{name}(")
    ]
    assert not bare


@pytest.mark.parametrize("package", [each for each in PACKAGES if each.count(".") < 2])
def test_every_package_has_a_page(package: str):
    page = f"api/{package.rpartition('.')[2]}.md"
    assert f"::: {package}\n" in (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert page in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
