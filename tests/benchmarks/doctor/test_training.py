"""How programs are given to training, and how predictions are judged, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.doctor.data import Rows, load
from benchmarks.doctor.programs import written
from benchmarks.doctor.training import as_given, judged, measured, trained

from chainrule import nn

CROSS, SQUARED = nn.SoftmaxCrossEntropy(), nn.MeanSquaredError()
Y = np.array([0, 0, 0, 1])


def test_classes_count_alike_however_many_examples_they_have():
    said = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    found = judged(said, Y, 2, CROSS)
    assert found.figure == pytest.approx((2 / 3 + 1) / 2)
    assert found.loss == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.7]).mean())


def test_one_output_is_a_probability_or_a_class_number_or_a_margin():
    said = np.array([[0.2], [0.6], [0.4], [0.9]])
    assert judged(said, Y, 2, nn.BinaryCrossEntropy()).figure == pytest.approx((2 / 3 + 1) / 2)
    assert judged(said, Y, 2, nn.Hinge()).figure == pytest.approx(0.5)
    numbers = judged(np.array([[0.4], [1.6], [-3.0], [1.2]]), np.array([0, 2, 0, 1]), 3, SQUARED)
    assert (numbers.figure, numbers.loss) == (1.0, None)


def test_numbers_are_judged_by_their_share_of_the_variance():
    found = judged(np.array([[1.0], [3.0]]), np.array([0.0, 4.0]), 0, SQUARED)
    assert found.figure == found.loss == pytest.approx(1 / 4)


@pytest.mark.parametrize("said", [np.array([[np.nan], [0.0]]), np.array([[1e200], [0.0]])])
def test_what_is_not_finite_has_no_figure(said):
    found = judged(said, np.array([0.0, 1.0]), 0, SQUARED)
    assert (found.figure, found.loss) == (None, None)
    assert measured(None, written("sine", "shallow", 0), Rows(said, said)).figure is None


def test_outputs_that_are_no_probabilities_have_no_cross_entropy():
    assert judged(np.array([[2.0, -1.0]] * 4), Y, 2, SQUARED).loss is None
    assert judged(np.array([[0.9, 0.9]] * 4), Y, 2, SQUARED).loss is None


def test_targets_are_given_as_the_loss_takes_them():
    program = written("clusters", "shallow", 0)
    rows = load(program.examples).train
    x, y = as_given(rows, replace(program, loss=CROSS))
    assert x is rows.x
    assert y is rows.y
    assert as_given(rows, replace(program, loss=SQUARED))[1].shape == (len(rows.y), 4)
    one_unit = replace(program.network, units=1)
    assert as_given(rows, replace(program, loss=SQUARED, network=one_unit))[1].shape == (len(rows.y), 1)
    weighted = replace(program.examples, imbalance=4.0, weighted=True)
    assert len(as_given(load(weighted).train, program)) == 3


def test_training_that_breaks_down_says_why_and_the_same_seed_gives_the_same_figure():
    program = replace(written("sine", "shallow", 0), epochs=2)
    first, again = (measured(trained(program).run, program, load(program.examples).test) for _ in range(2))
    assert first == again
    assert first.figure is not None
    broken = trained(replace(program, optimizer="momentum", rate=1e30, clip=None))
    assert "training broke down at step" in broken.broken
