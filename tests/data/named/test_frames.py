"""Pickled tables are read as pandas reads them, and whatever else a pickle may want is refused."""

import io
import lzma
import os
import pickle  # noqa: TID251  makes what the loader must read or refuse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule.data.named.frames import read_pickled_frame
from chainrule.errors import DataError


def packed(thing: object, protocol: int = 5) -> bytes:
    return lzma.compress(pickle.dumps(thing, protocol))


def table(rows: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "whole": random.integers(0, 9, rows),
            "text": np.array(["a", None, "ünï", "", "a"][:rows], object),
            "real": random.normal(size=rows),
            "small": random.normal(size=rows).astype(np.float32),
            "whether": random.random(rows) > 0.5,
            "more": random.integers(0, 9, rows),
        }
    ).astype({"text": object})
    return frame.set_axis(pd.Index(list(frame), dtype=object), axis="columns")


@pytest.mark.parametrize("protocol", [4, 5])
def test_reads_what_pandas_reads(protocol):
    content = packed(table(), protocol)
    oracle = pd.read_pickle(io.BytesIO(content), compression="xz")
    found = read_pickled_frame(content, "toy")
    assert list(found) == list(oracle)
    for name in oracle:
        assert found[name].isna().tolist() == oracle[name].isna().tolist()
        assert found[name].dropna().tolist() == oracle[name].dropna().tolist()
    assert found["small"].dtype == np.float32
    assert found["whether"].dtype == bool


class Calls:
    """A pickle that calls something when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (os.system, "touch {}"),
        (eval, "open({!r}, 'w')"),
        (pd.read_pickle, "{}"),
        (np.load, "{}"),
        (getattr, "{}"),
    ],
)
def test_calls_nothing(function, argument, tmp_path: Path):
    marker = tmp_path / "ran"
    hostile = packed({"frame": table(), "more": Calls(function, argument.format(str(marker)))})
    with pytest.raises(DataError, match=r"^toy is refused as a pickled table: it asks for [\w.]+, which no"):
        read_pickled_frame(hostile, "toy")
    assert not marker.exists()


def test_a_name_reached_through_an_admitted_one_is_not_admitted():
    # What pickle's own find_class would resolve: attributes of admitted things.
    hostile = b"\x80\x04\x8c\x11pandas.core.frame\x8c\x12DataFrame.__init__\x93."
    with pytest.raises(DataError, match=r"pandas\.core\.frame\.DataFrame\.__init__"):
        read_pickled_frame(lzma.compress(hostile), "toy")


def test_objects_stored_as_bytes_would_be_pointers():
    content = pickle.dumps(table()[["real"]], 5).replace(b"\x8c\x02f8", b"\x8c\x02O8")
    with pytest.raises(DataError, match="objects that are stored as bytes"):
        read_pickled_frame(lzma.compress(content), "toy")


@pytest.mark.parametrize(
    "thing",
    [
        pd.DataFrame({"when": pd.to_datetime(["2024-01-31"])}),
        pd.DataFrame({"kind": pd.Categorical(["a"])}),
        pd.DataFrame({"complex": [1j]}),
        pd.Series([1, 2]),
        [1, 2],
        None,
    ],
    ids=["dates", "categories", "complex", "series", "list", "none"],
)
def test_other_things_are_refused(thing):
    with pytest.raises(DataError, match=r"^toy is refused as a pickled table: "):
        read_pickled_frame(packed(thing), "toy")


def test_damaged_files_are_refused():
    whole = pickle.dumps(table(), 5)
    for content in [b"", b"no archive", packed(table())[:-40]]:
        with pytest.raises(DataError, match="refused"):
            read_pickled_frame(content, "toy")
    for end in range(0, len(whole), 37):
        with pytest.raises(DataError, match="refused"):
            read_pickled_frame(lzma.compress(whole[:end]), "toy")
