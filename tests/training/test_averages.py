"""Averaged parameters: what is evaluated, returned and resumed."""

import numpy as np
import pytest
from tests.training.helpers import Recorder, assert_same_run, classifier, line, points, stop_after

from chainrule import nn, train
from chainrule.data import as_arrays, split


def average_of(recorder: Recorder, decay: float) -> dict[str, np.ndarray]:
    """The weighted mean of the parameters after every epoch, of one step each."""
    weights = decay ** np.arange(len(recorder.trees) - 1, -1, -1)
    names = [name for name in recorder.trees[0] if name.startswith("dense")]
    return {
        name: np.average([tree[name] for tree in recorder.trees], axis=0, weights=weights) for name in names
    }


@pytest.mark.parametrize("validation", [None, 0.4])
def test_averaged_parameters_are_those_evaluated_and_returned(validation):
    recorder = Recorder()
    optimizer = nn.chain(nn.sgd(0.1), nn.ExponentialMovingAverage(0.5))
    settings = {"loss": nn.MeanSquaredError(), "batch_size": 10, "dtype": "float64", "epochs": 6}
    run = train(
        nn.Dense(1),
        line(10),
        optimizer=optimizer,
        validation=validation,
        listeners=[recorder],
        executor="numpy",
        **settings,
    )
    expected = average_of(recorder, 0.5)
    for name, average in expected.items():
        np.testing.assert_allclose(run.parameters[name], average, rtol=1e-12)
        assert not np.allclose(recorder.trees[-1][name], average, rtol=1e-3)
    if validation:
        assert run.best_epoch == 6
        _, held_out = split(as_arrays(line(10), dtype="float64"), 0.4, seed=0, stratify=True)
        error = held_out.x @ expected["dense_1.weight"] + expected["dense_1.bias"] - held_out.y
        assert run.history[-1]["validation_loss"] == pytest.approx((error**2).mean(), rel=1e-10)


def test_a_run_with_averages_goes_on_from_its_checkpoint(tmp_path):
    links = (nn.SharpnessAware(0.05), nn.Accumulate(nn.adam(0.01), 2), nn.Lookahead(3))
    settings = {"optimizer": nn.chain(*links, nn.ExponentialMovingAverage(0.9)), "epochs": 4}
    settings |= {"loss": nn.SoftmaxCrossEntropy(), "batch_size": 16, "validation": 0.2}
    whole = train(classifier(), points(), **settings)
    half = train(classifier(), points(), checkpoint=tmp_path / "run", listeners=[stop_after(2)], **settings)
    assert len(half.history) == 2
    assert_same_run(train(classifier(), points(), checkpoint=tmp_path / "run", **settings), whole)
