"""Log-count ratios against those worked by hand."""

from math import log

import numpy as np

from chainrule.data import ragged
from chainrule.tasks.text.naive_bayes import log_ratios


def test_ratios_count_documents_and_add_one():
    grams = ragged([np.array([1, 2]), np.array([1]), np.array([2, 3])])
    ratios = log_ratios(grams, np.array([[True], [True], [False]]), 4)
    # p = 1 + [0 2 1 0 0] of sum 8, q = 1 + [0 0 1 1 0] of sum 7
    assert np.allclose(ratios[:, 0], [0, log(3 / 8) - log(1 / 7), log(2 / 8) - log(2 / 7), log(7 / 16), 0])


def test_of_two_classes_each_is_the_negative_of_the_other():
    random = np.random.default_rng(0)
    grams = ragged([random.integers(0, 30, 9) for _ in range(40)])
    marks = random.random(40) < 0.4
    ratios = log_ratios(grams, np.stack([marks, ~marks], 1), 31)
    assert np.allclose(ratios[:, 0], -ratios[:, 1])
    assert ratios.dtype == np.float32
    assert (ratios[0] == 0).all()
