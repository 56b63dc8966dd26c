"""Commands run as a person would, in this process or in one of their own, and small tables to run them on."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from chainrule.cli import main


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code and all it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Finished]


@pytest.fixture(scope="session")
def chainrule() -> Command:
    """Runs a command line in this process: chainrule('train', path, '--target', 'kind')."""

    def run(*arguments: object) -> Finished:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return Finished(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command line in a process of its own; a program replaces `chainrule` itself."""
    running: list[subprocess.Popen[str]] = []
    usual = "import sys; from chainrule.cli import main; sys.exit(main())"

    def start(*arguments: object, program: str = usual) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def people() -> pd.DataFrame:
    """120 rows whose 'kind' and 'value' follow from 'height' and 'weight'; 'colour' says nothing."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "height": random.normal(170, 10, 120).round(1),
            "weight": random.normal(70, 9, 120).round(1),
            "colour": random.choice(["red", "blue"], 120),
        }
    )
    frame["kind"] = np.where(frame["height"] + frame["weight"] > 240, "tall", "small")
    frame["value"] = (2 * frame["height"] + frame["weight"]).round(2)
    return frame


@pytest.fixture
def table(here: Path, people: pd.DataFrame) -> str:
    """The name of a CSV file in the working folder."""
    people.to_csv(here / "people.csv", index=False)
    return "people.csv"


@pytest.fixture(scope="session")
def run_of_classes(
    tmp_path_factory: pytest.TempPathFactory, people: pd.DataFrame, chainrule: Command
) -> Path:
    """A run that predicts 'kind'."""
    folder = tmp_path_factory.mktemp("classes")
    people.drop(columns="value").to_csv(folder / "people.csv", index=False)
    arguments = (
        "--target",
        "kind",
        "--set",
        "epochs=40",
        "--set",
        "layers=16",
        "--set",
        "learning_rate=0.01",
    )
    finished = chainrule("train", folder / "people.csv", *arguments, "--out", folder / "run")
    assert finished.code == 0, finished.err
    return folder / "run"


@pytest.fixture(scope="session")
def run_of_values(tmp_path_factory: pytest.TempPathFactory, people: pd.DataFrame, chainrule: Command) -> Path:
    """A run that predicts 'value'."""
    folder = tmp_path_factory.mktemp("values")
    people.drop(columns="kind").to_parquet(folder / "people.parquet")
    arguments = ("-t", "value", "-s", "epochs=20", "-s", "layers=8", "-s", "learning_rate=0.01")
    finished = chainrule("train", folder / "people.parquet", *arguments, "--out", folder / "run")
    assert finished.code == 0, finished.err
    return folder / "run"


@pytest.fixture(scope="session")
def weights() -> Callable[[Path], dict[str, np.ndarray]]:
    """The weights in a run folder, by name."""
    return lambda run: load_file(run / "weights.safetensors")


@pytest.fixture(scope="session")
def assert_same_weights(weights: Callable[[Path], dict[str, np.ndarray]]) -> Callable[[Path, Path], None]:
    """Asserts that two runs have the same weights, bit by bit."""

    def compare(left: Path, right: Path) -> None:
        ours, theirs = weights(left), weights(right)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert ours[name].tobytes() == theirs[name].tobytes(), name

    return compare
