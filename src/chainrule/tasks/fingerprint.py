"""What a table holds, in a few words: so that a run or a study goes on with the same, or is told apart."""

import hashlib

from chainrule.data import Table


def table_fingerprint(table: Table) -> str:
    """The same for the same rows and columns, however the file is called: their numbers and a hash."""
    import pandas as pd

    try:
        rows = pd.util.hash_pandas_object(table.frame, index=False)
    except TypeError:  # lists and the like
        rows = pd.util.hash_pandas_object(table.frame.astype(str), index=False)
    content = hashlib.sha256("\n".join(table.frame.columns).encode())
    content.update(rows.to_numpy().tobytes())
    return f"{len(table):,} rows, {len(table.frame.columns)} columns, sha256 {content.hexdigest()[:16]}"
