"""The tables that come with scikit-learn against its own loaders, and what importing the package costs."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from chainrule.data import NAMED_TABLES, load_named
from chainrule.errors import DataError

SHIPPED = [name for name, entry in NAMED_TABLES.items() if entry.release is None]


def test_digits():
    table = load_named("digits")
    oracle: Any = datasets.load_digits()
    assert (len(table), table.target, table.source) == (1797, "digit", "digits")
    assert np.array_equal(table.frame.drop(columns="digit").to_numpy(), oracle.data)
    assert np.array_equal(table.target_values().to_numpy(), oracle.target)
    assert np.array_equal(table.frame["pixel_2_5"].to_numpy(), oracle.images[:, 2, 5])


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "digits"])
def test_the_others_have_scikit_learns_numbers_and_names(name):
    table = load_named(name)
    oracle: Any = getattr(datasets, f"load_{name}")()
    inputs = table.frame.drop(columns=table.target)
    assert list(inputs) == list(oracle.feature_names)
    assert np.array_equal(inputs.to_numpy(), oracle.data)
    values = table.target_values().to_numpy()
    expected = oracle.target if name == "diabetes" else [oracle.target_names[code] for code in oracle.target]
    assert list(values) == list(expected)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_catalogue_tells_their_size(name):
    entry = NAMED_TABLES[name]
    table = load_named(name)
    assert table.frame.shape == (entry.rows, entry.columns)
    assert (table.target, table.source) == (entry.target, name)


def test_another_column_may_be_the_target():
    assert load_named("iris", "petal width (cm)").target == "petal width (cm)"
    with pytest.raises(DataError, match=r"^iris has no column 'specie' \(did you mean 'species'\?\)"):
        load_named("iris", "specie")


def test_importing_the_package_loads_no_heavy_library():
    heavy = ("pandas", "sklearn", "pyarrow", "scipy", "rich", "platformdirs")
    code = f"import sys, chainrule.data; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
