"""Named data sets against scikit-learn's own loader, and what importing the package costs."""

import subprocess
import sys
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from chainrule.data import load_digits_table


def test_digits():
    table = load_digits_table()
    oracle: Any = load_digits()
    assert (len(table), table.target, table.source) == (1797, "digit", "digits")
    assert np.array_equal(table.frame.drop(columns="digit").to_numpy(), oracle.data)
    assert np.array_equal(table.target_values().to_numpy(), oracle.target)
    assert np.array_equal(table.frame["pixel_2_5"].to_numpy(), oracle.images[:, 2, 5])


def test_importing_the_package_loads_no_heavy_library():
    heavy = ("pandas", "sklearn", "pyarrow", "scipy")
    code = f"import sys, chainrule.data; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
