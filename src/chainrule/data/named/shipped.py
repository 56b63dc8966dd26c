"""The tables that scikit-learn ships, with names and classes spelled out."""

from typing import TYPE_CHECKING, Any

from chainrule.data.named.catalogue import NamedTable

if TYPE_CHECKING:
    import pandas as pd


def shipped_table(entry: NamedTable) -> "pd.DataFrame":
    """A table that scikit-learn ships, with its column names; those of digits are pixel_<row>_<column>."""
    import pandas as pd
    from sklearn import datasets

    load: Any = getattr(datasets, f"load_{entry.name}")
    found = load()
    if entry.name == "digits":
        names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    else:
        names = [str(name) for name in found["feature_names"]]
    target = found["target"]
    if entry.task == "classification" and entry.name != "digits":
        target = found["target_names"][target]
    return pd.DataFrame(found["data"], columns=names).assign(**{entry.target: target})
