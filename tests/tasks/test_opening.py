"""Opening the tables that tasks learn from."""

import pytest

from chainrule.errors import DataError
from chainrule.tasks.opening import open_table


def test_a_file_without_a_target_names_its_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match=r"which column is to be predicted\?.*one of 'a', 'b'"):
        open_table(str(path), None)
