import importlib
import inspect
import subprocess
import sys

import pytest

import chainrule

HEAVY = (
    "pandas",
    "sklearn",
    "scipy",
    "pyarrow",
    "plotly",
    "rich",
    "typer",
    "safetensors",
    "optuna",
    "torch",
    "jax",
)


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_importing_chainrule_loads_no_heavy_library():
    loaded = modules_after("import chainrule")
    assert "chainrule" in loaded
    assert loaded.isdisjoint(HEAVY), f"loaded too early: {sorted(loaded.intersection(HEAVY))}"


def test_the_check_would_notice():
    assert "typer" in modules_after("import chainrule, typer")


@pytest.mark.parametrize("name", ["doctor", "estimators", "report", "tasks", "tune"])
def test_packages_are_reached_without_importing_them(name):
    early = f"'chainrule.{name}' in sys.modules"
    code = f"import chainrule, sys; print({early}, chainrule.{name}.__name__)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", f"chainrule.{name}"]
    assert name in dir(chainrule)


def test_chainrule_train_is_the_function_and_nothing_else():
    assert inspect.isfunction(chainrule.train)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("chainrule.train")
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        chainrule.trian  # noqa: B018 (the lookup is what is tested)
