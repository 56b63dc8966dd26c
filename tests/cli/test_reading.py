"""What a file says is kept with the run: cells mean the same in every later file, and labels come back."""

import io
import json

import numpy as np
import pandas as pd
import pytest

QUICK = ("-s", "epochs=2", "-s", "layers=4", "--out", "run")


@pytest.fixture
def write(here):
    def write(frame: pd.DataFrame | str, name: str = "t.csv") -> str:
        text = frame if isinstance(frame, str) else frame.to_csv(index=False)
        (here / name).write_text(text)
        return name

    return write


@pytest.fixture
def codes() -> pd.DataFrame:
    random = np.random.default_rng(0)
    code = random.choice(["007", "008", "spy"], 120)
    return pd.DataFrame({"x": random.uniform(size=120), "c": code, "y": np.where(code == "007", 11.0, 1.0)})


def predicted(finished) -> list:
    assert finished.code == 0, finished.err
    return pd.read_csv(io.StringIO(finished.out), dtype=str, keep_default_na=False)["prediction"].tolist()


def test_a_row_alone_is_predicted_as_among_others(chainrule, write, codes):
    settings = ("-s", "epochs=60", "-s", "learning_rate=0.05", "-s", "layers=8", "--out", "run")
    assert chainrule("train", write(codes), "-t", "y", *settings).code == 0
    alone = chainrule("predict", "run", write("x,c\n0.5,007\n", "one.csv"))
    (value,) = predicted(alone)
    assert float(value) > 8
    assert alone.err == ""
    both = predicted(chainrule("predict", "run", write("x,c\n0.5,spy\n0.5,007\n", "two.csv")))
    assert both[1] == value
    strange = chainrule("predict", "run", write("x,c\n0.5,7\n0.5,008\n0.5,new\n", "new.csv"))
    assert "column 'c': 2 values are categories that training had never" in strange.err
    printed = chainrule("predict", "run", "new.csv", "--json")
    assert json.loads(printed.out)["unseen"] == {"c": 2}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["None", "Insomnia", "Apnea"], "'None' in 40 rows, which is read as a class"),
        (["007", "012"], ""),
        (
            ["Yes", "YES", "no"],
            "only in spelling 'label': 'YES' (40) and 'Yes' (40)",
        ),
        (["9007199254740992", "9007199254740993"], ""),
    ],
)
def test_predictions_carry_labels_as_they_stood(chainrule, write, codes, labels, said):
    frame = codes.assign(label=[labels[row % len(labels)] for row in range(120)])
    trained = chainrule("train", write(frame), "-t", "label", *QUICK)
    assert trained.code == 0, trained.err
    assert said in trained.err
    found = chainrule("predict", "run", "t.csv")
    assert set(predicted(found)) <= set(labels)
    assert {f"probability_{label}" for label in labels} <= set(pd.read_csv(io.StringIO(found.out)).columns)


def test_texts_that_mean_missing_may_be_named(chainrule, write, codes):
    frame = codes.assign(label=["None", "Yes", "No"] * 40)
    trained = chainrule("train", write(frame), "-t", "label", "-s", "missing=None,NA", *QUICK)
    assert trained.code == 0, trained.err
    assert "40 rows without a value of 'label' are left out" in trained.err


def test_what_was_found_in_the_columns_is_said(chainrule, write, codes):
    frame = codes.assign(
        cost=[f"${row + 1},{row + 100}.50" for row in range(120)],
        day=[f"{row % 28 + 1}.12.2024" for row in range(120)],
        age=["-" if row % 16 == 0 else str(row * 1.5) for row in range(120)],
    )
    trained = chainrule("train", write(frame), "-t", "y", *QUICK)
    assert "Column 'cost' is read as numbers ('$' taken off, commas between thousands)" in trained.err
    assert "Column 'day' holds dates written day.month.year" in trained.err
    assert "Column 'age' has '-' (8 rows, first line 2), read as missing." in trained.err


def test_a_table_comes_from_standard_input(started, chainrule, write, codes):
    program = f"""import io, sys
sys.stdin = io.TextIOWrapper(io.BytesIO({codes.to_csv(index=False)!r}.encode()))
from chainrule.cli import main
sys.exit(main())"""
    process = started("train", "-", "-t", "y", *QUICK, program=program)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert len(predicted(chainrule("predict", "run", write(codes)))) == 120


@pytest.mark.parametrize("size", [1e200, 1e-300])
def test_targets_of_any_size(chainrule, write, codes, size):
    trained = chainrule(
        "train",
        write(codes.assign(y=codes["y"] * size)),
        "-t",
        "y",
        "-s",
        "problem=regression",
        *QUICK,
        "--json",
    )
    assert trained.code == 0, trained.err
    assert "Warning" not in trained.err
    figures = json.loads(trained.out)
    assert figures["baseline"]["r2"] < 0.1
    assert 0 < figures["metrics"]["mean_absolute_error"] < 20 * size
