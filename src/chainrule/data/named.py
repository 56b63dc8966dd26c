"""Data sets that come with the installed libraries."""

from typing import Any

from chainrule.data.table import Table


def load_digits_table() -> Table:
    """The 1,797 handwritten digits that scikit-learn ships, 8 by 8 pixels each.

    Columns pixel_0_0 to pixel_7_7 (row, then column; 0 is paper, 16 is ink) and 'digit' (0 to 9), the target.
    Source: E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI repository, 1998.
    """
    import pandas as pd
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    frame = pd.DataFrame(digits["data"], columns=names)
    frame["digit"] = digits["target"]
    return Table(frame, "digit", "digits")
