"""The command: python -m benchmarks.reading.

It prints how long a table takes to read from a file of every kind, beside pandas' own reader, which is told
separator and decimal mark and finds out nothing else. Both read in turns in one process; the lowest of
some turns counts.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.machine import processor
from chainrule.data import read_table


def table(rows: int) -> pd.DataFrame:
    """Fractions, whole numbers, categories, dates and names."""
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {f"fraction_{n}": random.normal(size=rows).round(3) for n in range(8)}
    columns |= {f"whole_{n}": random.integers(0, 1000, rows) for n in range(6)}
    columns |= {f"category_{n}": random.choice(["red", "green", "blue"], rows) for n in range(4)}
    columns["day"] = pd.date_range("2000", periods=rows, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    columns["name"] = [f"person {number}" for number in range(rows)]
    return pd.DataFrame(columns)


def files(rows: int, folder: Path) -> Mapping[str, tuple[Path, Callable[[Path], Any]]]:
    """By what they are called: a file, and how pandas reads it."""
    frame = table(rows)
    written: dict[str, dict[str, Any]] = {
        "comma, point": {},
        "comma, in quotes": {"quoting": csv.QUOTE_NONNUMERIC},
        "semicolon, point": {"sep": ";"},
        "semicolon, comma": {"sep": ";", "decimal": ","},
    }
    found: dict[str, tuple[Path, Callable[[Path], Any]]] = {}
    for number, (name, options) in enumerate(written.items()):
        path = folder / f"{number}.csv"
        frame.to_csv(path, index=False, **options)
        told = {key: value for key, value in options.items() if key != "quoting"}
        found[name] = (path, lambda path, told=told: pd.read_csv(path, low_memory=False, **told))
    frame.to_parquet(folder / "table.parquet", index=False)
    return found | {"Parquet": (folder / "table.parquet", pd.read_parquet)}


def seconds(read: Callable[[Path], Any], path: Path) -> float:
    """How long one reading takes."""
    start = time.perf_counter()
    read(path)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="rows of the table")
    parser.add_argument("--turns", type=int, default=5, help="readings of each file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    rows = []
    print(f"{processor()}; {options.rows:,} rows, 20 columns")
    print(f"{'file':<18}{'ours s':>9}{'pandas s':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (path, theirs) in files(options.rows, Path(folder)).items():
            turns = [(seconds(read_table, path), seconds(theirs, path)) for _ in range(options.turns)]
            ours, pandas = (min(each) for each in zip(*turns, strict=True))
            print(f"{name:<18}{ours:>9.3f}{pandas:>10.3f}{ours / pandas:>8.2f}", flush=True)
            rows.append({"file": name, "seconds": ours, "pandas": pandas})

    if options.json is not None:
        write_figures(options.json, "bench-reading", rows, {"rows": options.rows, "turns": options.turns})


if __name__ == "__main__":
    main()
