import json
import math

import numpy as np
import pytest

from chainrule.data.plain_json import json_text, numbers_again, plain

CONTENT = {
    "numbers": [1.5, math.inf, -math.inf, math.nan, np.float32(0.25), np.int64(3)],
    "inner": {"array": np.array([[1.0, np.inf]]), "text": "Infinity", "flag": np.bool_(True), "none": None},
}
PLAIN = {
    "numbers": [1.5, None, None, None, 0.25, 3],
    "inner": {"array": [[1.0, None]], "text": "Infinity", "flag": True, "none": None},
}


def refuse(word: str) -> float:
    raise AssertionError(word)


@pytest.mark.parametrize("indent", [None, 1])
def test_what_is_written_is_json_to_a_strict_reader(indent):
    assert plain(CONTENT) == PLAIN
    assert json.loads(json_text(CONTENT, indent=indent), parse_constant=refuse) == PLAIN


def test_numbers_that_were_not_finite_come_back_as_nan():
    back = numbers_again({"loss": None, "watch": {"dense_1": {"delta": None, "activation": 1.0}}})
    assert math.isnan(back["loss"])
    assert math.isnan(back["watch"]["dense_1"]["delta"])
    assert back["watch"]["dense_1"]["activation"] == 1.0
