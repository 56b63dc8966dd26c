import re

import pytest

import chainrule as package
from chainrule.cli.help import flowing

COMMANDS = ("train", "tune", "predict", "explain", "show", "report", "data")


def test_chainrule_alone_prints_the_help(chainrule):
    finished = chainrule()
    assert finished.code == 0
    assert finished.out.strip() == chainrule("--help").out.strip()
    for command in COMMANDS:
        assert re.search(rf"^│ {command} ", finished.out, re.MULTILINE)
        assert re.search(rf"^   chainrule {command} ", finished.out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_in_its_help(chainrule, command):
    finished = chainrule(command, "--help")
    assert finished.code == 0
    assert re.search(rf"^   chainrule {command} ", finished.out, re.MULTILINE)
    assert max(map(len, finished.out.splitlines())) <= 80


def test_version(chainrule):
    finished = chainrule("--version")
    assert (finished.code, finished.out) == (0, f"chainrule {package.__version__}\n")


def test_help_needs_no_heavy_library(started):
    program = (
        "import sys\nfrom chainrule.cli import main\nmain(['--help'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    out, err = started(program=program).communicate(timeout=30)
    assert "chainrule train digits" in out
    assert {"chainrule", "typer"} <= set(err.split())
    assert set(err.split()).isdisjoint(
        {"pandas", "sklearn", "scipy", "pyarrow", "plotly", "safetensors", "optuna"}
    )


def test_paragraphs_flow_and_examples_stay():
    text = "First.\n\n    a\n    b\n\n      x  y\n      z\n    "
    assert flowing(text) == "First.\n\na b\n\n[not dim cyan]  x  y[/]\n[not dim cyan]  z[/]"
