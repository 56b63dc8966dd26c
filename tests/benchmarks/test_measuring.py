"""A whole quick run without the large peers, and what can go wrong on the way."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from benchmarks.__main__ import command
from benchmarks.machine import crowded
from benchmarks.measuring import Settings, measure
from benchmarks.peers import PEERS
from benchmarks.preparing import make_problem, matrix_flops
from benchmarks.problem import CHECKED_STEPS, load_problem
from benchmarks.workloads import WORKLOADS, Mlp
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
TABLE = WORKLOADS["table"]


def test_quick_run_gives_table_and_figures(tmp_path: Path):
    file = tmp_path / "figures.json"
    options = ["--only", "table", "--executor", "numpy", "--peers", "chainrule-numpy,scikit-learn"]
    quick = ["--threads", "1", "--seconds", "0.001", "--repetitions", "2", "--json", str(file)]
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, *quick], cwd=ROOT, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert "table: starting scikit-learn" in finished.stderr
    assert "µs a step" in finished.stdout
    assert "agree" in finished.stdout
    table = json.loads(file.read_text())["figures"]["table"]
    assert {"chainrule_us", "peers_us", "ratio", "matrix_share", "agree"} <= set(table)
    assert set(table["peers_us"]) == {"chainrule-numpy", "scikit-learn"}
    assert table["ratio"] == table["peers_us"]["scikit-learn"] / table["chainrule_us"]
    assert table["rows"]["chainrule-numpy"]["loss_difference"] == 0
    assert 0 < table["rows"]["scikit-learn"]["loss_difference"] < 1e-5
    assert len(table["rows"]["chainrule"]["us_blocks"]) == 2


def test_another_checkout_is_measured_beside_this_one(tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "benchmarks").symlink_to(ROOT / "benchmarks")
    (other / ".venv" / "bin").mkdir(parents=True)
    python = other / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho here >> "{other}/called"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    options = ["--only", "table", "--executor", "numpy", "--peers", "chainrule-numpy", "--before", str(other)]
    quick = ["--threads", "1", "--seconds", "0.001", "--repetitions", "1"]
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, *quick], cwd=ROOT, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert "before ÷ ours" in finished.stdout
    assert (other / "called").read_text() == "here\n"


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name != "big"])
def test_problems_are_the_same_every_time_and_survive_the_file(name: str, tmp_path: Path):
    problem = make_problem(WORKLOADS[name], 2)
    problem.save(tmp_path / "problem")
    for other in (make_problem(WORKLOADS[name], 2), load_problem(tmp_path / "problem", 2)):
        assert other.workload == problem.workload
        for array in ("x", "y", "orders"):
            np.testing.assert_array_equal(getattr(other, array), getattr(problem, array))
        assert other.parameters.keys() == problem.parameters.keys()
        for parameter, array in problem.parameters.items():
            np.testing.assert_array_equal(other.parameters[parameter], array)
    steps, batch = problem.orders.shape[1:]
    assert (steps, batch) == (problem.workload.steps, problem.workload.batch)
    assert len(problem.orders) * steps >= CHECKED_STEPS
    assert all(len(np.unique(order)) == order.size for order in problem.orders)
    network = problem.workload.network
    assert problem.x.shape == (problem.workload.rows, *network.example)
    assert problem.y.shape == (problem.workload.rows, *network.targets)
    assert set(np.unique(problem.y)) <= set(range(network.classes))
    if isinstance(network, Mlp):
        assert [weight.shape for weight, _ in problem.dense()] == list(pairwise(network.widths))


def test_matrix_flops_are_those_of_three_products_a_layer_and_two_for_the_first():
    first, *others = 20 * 64, 64 * 64, 64 * 2
    assert matrix_flops(TABLE) == 2 * TABLE.batch * (2 * first + 3 * sum(others))


def test_products_of_convolutions_and_of_loops_over_time_count_too():
    lenet = WORKLOADS["lenet"]
    first, second = 26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32
    dense = 5 * 5 * 64 * 128 + 128 * 10
    assert matrix_flops(lenet) == 2 * lenet.batch * (2 * first + 3 * second + 3 * dense)
    lstm = WORKLOADS["lstm"]
    inputs, recurrent, last = 100 * 13 * 512, 100 * 128 * 512, 128 * 10
    expected = 2 * lstm.batch * (2 * inputs + 3 * recurrent + 3 * last)
    assert matrix_flops(lstm) == pytest.approx(expected, rel=0.01)


def test_a_peer_that_fails_says_why_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch):
    broken = replace(PEERS["jax"], module="nobody")
    monkeypatch.setattr("benchmarks.measuring.PEERS", {**PEERS, "jax": broken})
    told: list[str] = []
    settings = Settings(threads=1, seconds=0.001, repetitions=1, executor="numpy")
    result = measure(TABLE, ["chainrule", "jax"], settings, told.append)
    assert result.absent["jax"].startswith("failed: ModuleNotFoundError")
    assert "nobody" in result.absent["jax"]
    assert (list(result.rows), result.agree) == (["chainrule"], True)
    assert "table: round 1 of 1: chainrule" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "tabel"], "did you mean 'table'"),
        (["--peers", "sklearn"], "did you mean 'scikit-learn'"),
        (["--only", ","], "name at least one"),
        (["--json", "nowhere/figures.json"], "no folder"),
        (["--before", "nowhere"], "nowhere has no benchmarks/worker.py"),
        (["--executor", "nativ"], "did you mean 'native'"),
        (["--repetitions", "0"], "--repetitions"),
    ],
)
def test_mistakes_on_the_command_line_are_told(arguments: list[str], message: str):
    answer = CliRunner().invoke(command(), arguments)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())


def test_other_processes_matter_once_they_take_cores_that_are_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert not crowded(1.9, 2)
    assert crowded(2.5, 2)
