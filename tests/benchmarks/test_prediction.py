"""The measures of prediction, on little."""

import numpy as np
import pytest
from benchmarks.prediction import OURS, agree, medians, megabytes


@pytest.mark.parametrize("name", OURS)
def test_threads_agree_and_every_call_is_timed(name):
    predict = OURS[name]()
    assert agree(predict, calls=2)
    assert all(seconds > 0 for seconds in medians([predict, predict], 3))


def test_threads_that_do_not_agree_are_found():
    random = np.random.default_rng(0)
    assert not agree(lambda x: random.normal(size=len(x)), calls=2)


def test_memory_is_measured_in_another_process():
    assert 0 <= megabytes("Run.predict", 100) < 100
