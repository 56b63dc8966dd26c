"""What is predicted of a row hangs on that row alone, whatever stands beside it in a file of any kind."""

import datetime
import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chainrule.data import load_table
from chainrule.tasks.table.predict import open_rows, predict_table
from chainrule.tasks.table.run import TRAINER
from chainrule.tasks.table.settings import TableSettings

Rows = dict[str, list[str]]


def text(separator: str, decimal: str) -> Callable[[Rows], bytes]:
    """Writes a table as CSV, its numbers with one decimal mark."""

    def write(rows: Rows) -> bytes:
        cells = {
            name: [cell.replace(".", decimal) if name in ("size", "cost") else cell for cell in column]
            for name, column in rows.items()
        }
        return pd.DataFrame(cells).to_csv(index=False, sep=separator).encode()

    return write


def typed(rows: Rows) -> pd.DataFrame:
    """The table as somebody has it who told numbers from text."""
    frame = pd.DataFrame(rows)
    for name in ("size", "cost"):
        frame[name] = pd.to_numeric(frame[name].where(frame[name] != "-"))
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.assign(code=frame["code"].where(frame["code"] != "", None))


def parquet(rows: Rows) -> bytes:
    """Writes a table as Parquet."""
    buffer = io.BytesIO()
    typed(rows).to_parquet(buffer, index=False)
    return buffer.getvalue()


def excel(rows: Rows) -> bytes:
    """Writes a table as an Excel workbook."""
    buffer = io.BytesIO()
    typed(rows).to_excel(buffer, index=False)
    return buffer.getvalue()


FORMATS = {
    "comma, point": text(",", "."),
    "comma, comma": text(",", ","),  # numbers in quotes
    "semicolon, point": text(";", "."),
    "semicolon, comma": text(";", ","),
    "Parquet": parquet,
    "Excel": excel,
}
LABELS = [["007", "012"], ["1", "2", "3"], ["None", "Insomnia", "Apnea"], ["1.0", "2.5"], ["TRUE", "FALSE"]]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """40 to 90 rows with codes that look like numbers, amounts with gaps, dates and labels."""
    count = draw(st.integers(40, 90))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = draw(st.sampled_from([["007", "008", "spy"], ["01", "02", "10"], ["1E5", "INF", "x", "1.0"]]))
    decimals = draw(st.integers(0, 3))
    sizes = [f"{value:.{decimals}f}" for value in random.normal(0, 1000, count)]
    marks = draw(st.sampled_from(["", "-", None]))
    start = datetime.date(2024, 1, 1)
    return {
        "code": random.choice([*codes, ""], count).tolist(),
        "size": [marks if marks is not None and row % 13 == 5 else size for row, size in enumerate(sizes)],
        "cost": [f"{value:.2f}" for value in random.lognormal(3, 1, count)],
        "day": [str(start + datetime.timedelta(int(days))) for days in random.integers(0, 900, count)],
        "on": random.choice(["true", "False"], count).tolist(),
        "label": random.choice(draw(st.sampled_from(LABELS)), count).tolist(),
    }


STRANGERS: Rows = {
    "code": ["7", "0.5", "TRUE", "", "new"],
    "size": ["123456", "0", "-1", "0.5", "7"],
    "cost": ["1", "2", "3", "4.125", "1000000"],
    "day": ["1999-01-01", "2030-12-31", "2024-01-01", "2024-02-29", "2000-01-01"],
    "on": ["true", "true", "true", "true", "true"],
    "label": ["", "", "", "", ""],
}


@pytest.mark.parametrize("written", FORMATS.values(), ids=FORMATS)
@given(rows=tables(), data=st.data())
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking trains hundreds of networks
)
def test_a_row_is_predicted_alike_in_any_file(tmp_path, written, rows, data):
    path, count = tmp_path / "table", len(rows["code"])
    path.write_bytes(written(rows))
    target = data.draw(st.sampled_from(["label", "cost"]))
    network = TableSettings(
        layers=(5,), epochs=1, test=0.3, problem="classification" if target == "label" else "regression"
    )
    run = TRAINER.train(load_table(path, target), network, progress=False)
    known = predict_table(run, open_rows(run, str(path)), "table")

    chosen = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=count, unique=True))
    strange = data.draw(st.lists(st.integers(0, 4), max_size=5, unique=True))
    other = {
        name: [column[row] for row in chosen] + [STRANGERS[name][row] for row in strange]
        for name, column in rows.items()
    }
    order = data.draw(st.permutations(range(len(chosen) + len(strange))))
    path.write_bytes(written({name: [column[place] for place in order] for name, column in other.items()}))
    found = predict_table(run, open_rows(run, str(path)), "table")

    for place, row in enumerate(order):
        if row < len(chosen):
            assert tuple(found.iloc[place]) == tuple(known.iloc[chosen[row]])
    if target == "label":
        assert {str(label) for label in known["prediction"]} <= set(rows["label"])
