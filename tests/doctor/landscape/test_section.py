"""The landscape in a run folder and in its report."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.doctor.landscape.test_figure import BOWL, ENDS, PATH, landscape

from chainrule.doctor.landscape.section import (
    LANDSCAPE,
    landscape_section,
    read_landscape,
    write_landscape,
)
from chainrule.errors import DataError


def test_a_folder_without_one_has_no_section(tmp_path: Path):
    assert read_landscape(tmp_path) is None
    assert landscape_section(tmp_path) == ""


def test_what_was_written_is_read_and_shown(tmp_path: Path):
    write_landscape(tmp_path, landscape(BOWL, PATH))
    again = read_landscape(tmp_path)
    assert again is not None
    np.testing.assert_array_equal(again.losses, BOWL)
    text = landscape_section(tmp_path)
    for said in ("1,024 training examples", "98.0 %", "12.34", "−0.5000", "near or above 0", "principal"):
        assert said in text, said
    write_landscape(tmp_path, landscape(BOWL))
    assert "Two random directions" in landscape_section(tmp_path)


def test_a_saddle_is_called_one(tmp_path: Path):
    write_landscape(tmp_path, replace(landscape(BOWL), sharpness=replace(ENDS, smallest=-2.0)))
    assert "not a minimum" in landscape_section(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"first": [1], "second": [1], "losses": [1]}', "\0"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str):
    (tmp_path / LANDSCAPE).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"landscape\.json is damaged .*; remove it"):
        landscape_section(tmp_path)
