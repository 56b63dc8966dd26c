"""Files that do not fit, are damaged or missing are named, with what to do."""

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from chainrule.data import examples, mapped, npy_shards, parquet_shards
from chainrule.errors import ConfigError, DataError


def saved(folder, **arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def test_npy_files_that_do_not_fit_are_told(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        npy_shards(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no \.npy files"):
        npy_shards(saved(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"y\.npy has 3 rows, and .*x\.npy has 4"):
        npy_shards(saved(tmp_path / "rows", x=np.zeros((4, 2)), y=np.zeros(3)))
    saved(tmp_path / "kinds" / "0", x=np.zeros((4, 2)))
    saved(tmp_path / "kinds" / "1", x=np.zeros((4, 2), np.float32))
    with pytest.raises(DataError, match=r"1.x\.npy has 'x' of float32 .*'x' of float64"):
        npy_shards(tmp_path / "kinds")
    with pytest.raises(DataError, match="has the array 'label'"):
        npy_shards(saved(tmp_path / "names", x=np.zeros(3), label=np.zeros(3)))
    with pytest.raises(DataError, match="different numbers of files: 1 of 'x', 2 of 'y'"):
        npy_shards({"x": ["a"], "y": ["b", "c"]})


def test_npy_files_that_are_none_or_cut_off_are_told(tmp_path):
    folder = saved(tmp_path / "a", x=np.zeros((100, 2)))
    whole = (folder / "x.npy").read_bytes()
    (folder / "x.npy").write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"x\.npy is cut off"):
        npy_shards(folder)
    (folder / "x.npy").write_bytes(b"numbers")
    with pytest.raises(DataError, match=r"x\.npy is not a \.npy file"):
        npy_shards(folder)
    with pytest.raises(DataError, match="numbers with examples"):
        npy_shards(saved(tmp_path / "b", x=np.array(["a", "b"])))


def test_parquet_columns_that_are_missing_or_no_numbers_are_told(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"age": [1, 2, None], "name": ["a", "b", "c"], "y": [0, 1, 0]}), path)
    with pytest.raises(DataError, match=r"no column 'agee' \(did you mean 'age'\?\)"):
        parquet_shards(path, x=["agee"], y="y")
    with pytest.raises(DataError, match=r"column 'name' of .* is string"):
        parquet_shards(path, y="y")
    with pytest.raises(DataError, match=r"column 'age' of .*a\.parquet is missing in row 2"):
        list(parquet_shards(path, x=["age"], y="y").chunks(None, 0))
    path.write_bytes(b"numbers")
    with pytest.raises(DataError, match="is not a Parquet file"):
        parquet_shards(path, y="y")


def test_examples_that_end_or_differ_are_told():
    with pytest.raises(ConfigError, match="a generator, which ends after one epoch"):
        examples((np.zeros(2), 0) for _ in range(3))
    with pytest.raises(DataError, match="example 0 is a list"):
        examples([[1, 2]])
    with pytest.raises(DataError, match=r"'x' of example 1 has shape \(3,\), and the first had \(2,\)"):
        list(examples([(np.zeros(2), 0), (np.zeros(3), 0)]).chunks(None, 0))
    with pytest.raises(DataError, match="epoch 0 has 2 examples, and length is 3"):
        list(examples([(np.zeros(2), 0)] * 2, length=3).chunks(None, 0))
    with pytest.raises(DataError, match="x has 3 examples but y has 2"):
        mapped(np.zeros((3, 1)), np.zeros(2))
