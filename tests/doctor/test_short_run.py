import numpy as np
import pytest
from tests.doctor.programs import D, S, digits, examined, wine

import chainrule
from chainrule import nn
from chainrule.doctor.short_run import ShortRun, affordable, constant_loss, each_loss
from chainrule.nn.losses import MeanOfMembers

LABELS = np.array([0, 0, 0, 1])


def test_it_does_the_steps_of_training():
    """The same batches from the same weights: after an epoch they are those of training, to the bit."""
    x, y = wine()
    data, settings = (x[:160], y[:160]), {"loss": "cross_entropy", "optimizer": nn.adam(0.01)}
    patient = examined((S([D(8, "relu"), D(3)]), data, settings))
    run = ShortRun(patient.programs, patient.examples, patient.rows, patient.tree)
    losses = run.advance(5)
    trained = chainrule.train(S([D(8, "relu"), D(3)]), data, epochs=1, progress=False, **settings)
    assert np.mean(losses) == pytest.approx(trained.history[0]["loss"])
    for name, array in trained.parameters.items():
        assert (run.tree[name] == array).all()
    assert run.loss(patient.examples) == pytest.approx(trained.evaluate(data)["loss"], rel=1e-5)
    np.testing.assert_allclose(run.outputs(patient.examples), trained.outputs(data[0]), rtol=1e-5)


def test_its_tree_is_its_own():
    patient = examined((S([D(10)]), digits(), {"loss": "cross_entropy"}))
    before = {name: array.copy() for name, array in patient.tree.items()}
    ShortRun(patient.programs, patient.examples, patient.rows, patient.tree).advance(3)
    assert all((patient.tree[name] == array).all() for name, array in before.items())


def test_batches_are_as_large_as_there_are_examples():
    patient = examined((S([D(3)]), wine(), {"loss": "cross_entropy"}))
    run = ShortRun(patient.programs, patient.examples.take(slice(20)), 1000, patient.tree)
    assert len(run.advance(4)) == 4


def test_what_diverges_gives_what_is_not_finite_and_no_warning():
    patient = examined((S([D(64), D(10)]), digits(), {"loss": "cross_entropy", "optimizer": nn.sgd(1e30)}))
    run = ShortRun(patient.programs, patient.examples, patient.rows, patient.tree)
    assert not np.isfinite(run.advance(20)).all()
    assert not np.isfinite(run.loss(patient.examples))


def test_steps_are_bounded_by_what_they_compute_and_by_the_plan():
    program = examined((S([D(10)]), digits(), {"loss": "cross_entropy"}))
    step = program.programs.step(program.examples, 32).program
    large = program.programs.step(program.examples, 512).program
    assert affordable(large, None) < affordable(step, None) <= 10_000
    assert affordable(step, 17) == 17


@pytest.mark.parametrize(
    ("loss", "shape", "targets", "value"),
    [
        (nn.MeanSquaredError(), (4, 1), LABELS[:, None] * 2.0, 0.75),  # the variance
        (nn.MeanAbsoluteError(), (4, 1), LABELS[:, None] * 2.0, 0.5),  # from the median
        (nn.SoftmaxCrossEntropy(), (4, 2), LABELS, 0.5623),  # the entropy of 3 : 1
        (nn.SoftmaxCrossEntropy(), (4, 2), np.eye(2)[LABELS], 0.5623),
        (nn.BinaryCrossEntropy(), (4, 1), LABELS[:, None] * 1.0, 0.5623),
        (nn.BinaryCrossEntropyOfProbabilities(), (4, 1), LABELS * 1.0, 0.5623),
        (nn.CategoricalCrossEntropyOfProbabilities(), (4, 2), LABELS, 0.5623),
        (MeanOfMembers(nn.SoftmaxCrossEntropy()), (4, 7, 2), LABELS, 0.5623),
        (nn.Poisson(), (4, 1), LABELS[:, None] * 2.0, 0.8466),  # 0.5 - 0.5 ln 0.5
    ],
)
def test_the_loss_of_the_best_constant(loss, shape, targets, value):
    assert constant_loss(loss, shape, targets) == pytest.approx(value, abs=1e-4)


def test_no_constant_is_known_for_other_losses():
    assert constant_loss(nn.Triplet(), (4, 3), LABELS) is None
    assert constant_loss(nn.SoftmaxCrossEntropy(), (4, 2), np.zeros(4, int)) is None


def test_the_loss_of_each_example():
    outputs, targets = np.array([[1.0], [2.0]]), np.array([[0.0], [4.0]])
    assert each_loss(nn.MeanSquaredError(), outputs, targets).tolist() == [1.0, 4.0]
