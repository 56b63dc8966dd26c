"""The command, with made-up methods on a small list."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.doctor.listing import Entry, write_list
from benchmarks.doctor.methods import OURS, RANDOM, UNREPAIRED, Method
from benchmarks.doctor.outcome import Found, Outcome
from typer.testing import CliRunner

from benchmarks.doctor import __main__ as main
from benchmarks.doctor import listing, methods
from chainrule.errors import ConfigError

HEALTHY = Entry("digits", "deep", 0, 0.001, "last", "", "", 0, (0.95,) * 3, (0.1,) * 3, (0.95,) * 3, 1.0)
FAULTY = replace(HEALTHY, cause="too_small_network", grade=1, figures=(0.5,) * 3, losses=(2.0,) * 3)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list of two programs, and methods that give made-up outcomes; gives what they were called with."""
    file = tmp_path / "programs.json"
    write_list([HEALTHY, FAULTY], file)
    called: list[Any] = []

    def method(name: str, figure: float, *findings: Found) -> Method:
        def run(program, twin, budget):
            called.append((name, program.seed, budget))
            bad = program != twin
            return Outcome(figure if bad else 0.95, 0.1, 1.3, 120, findings if bad else (), "", 1.0)

        return Method(name, run)

    table = {
        UNREPAIRED: method(UNREPAIRED, 0.5),
        OURS: method(OURS, 0.94, Found("underfitting", "problem", ("too_small_network",))),
        RANDOM: method(RANDOM, 0.5),
    }
    monkeypatch.setattr(main, "_entries", lambda: listing.read_list(file))
    monkeypatch.setattr(methods, "METHODS", table)
    return called


def invoke(tmp_path: Path, *more: str) -> Any:
    return CliRunner().invoke(main.command(), ["--folder", str(tmp_path / "kept"), *more])


def test_scores_are_printed_and_written_and_a_second_start_goes_on(tmp_path, calls):
    file = tmp_path / "figures.json"
    result = invoke(tmp_path, "--seeds", "2", "--json", str(file))
    assert result.exit_code == 0, result.output
    assert len(calls) == 12
    assert {budget for name, _, budget in calls if name == RANDOM} == {120}  # what our doctor took
    row = next(line for line in result.output.splitlines() if "chainrule's doctor" in line)
    assert row.count("100.0 %") == 3
    assert "1.30 (1.30–1.30), median 1.30" in row
    assert "| too_small_network | 2 of 2" in result.output
    figures = json.loads(file.read_text())["figures"]
    assert figures[OURS]["repaired"]["value"] == 1.0
    assert figures[RANDOM]["repaired"]["value"] == 0.0
    assert invoke(tmp_path, "--seeds", "2").stdout == result.stdout
    assert len(calls) == 12


def test_some_programs_and_methods(tmp_path, calls):
    result = invoke(tmp_path, "--only", "too_small", "--methods", "random")
    assert result.exit_code == 0, result.output
    assert calls == [(RANDOM, 0, round(1.2 * FAULTY.program.steps))]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--split", "finale"], "did you mean 'final'?"),
        (["--methods", "our"], "did you mean 'ours'?"),
        (["--only", "nobody"], "no program of 'develop' has a name like 'nobody'"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, calls, options, said):
    result = invoke(tmp_path, *options)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_a_method_that_refuses_a_program_ends_in_one_line(tmp_path, calls, monkeypatch):
    def refuse(program, twin, budget):
        raise ConfigError("train has no setting 'doctor'")

    monkeypatch.setattr(methods, "METHODS", {OURS: Method("refuses", refuse)})
    result = invoke(tmp_path, "--methods", "ours")
    assert result.exit_code == 1
    assert "ours: a program on digits: train has no setting 'doctor'" in result.output
