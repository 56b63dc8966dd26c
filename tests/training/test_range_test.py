"""The learning-rate range test against a quadratic whose best rates are known, and what it refuses."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.training.helpers import line, points

from chainrule import nn
from chainrule.errors import ConfigError, DataError
from chainrule.training import Objective, Recorded, learning_rate_range_test, range_test


def test_the_rates_climb_by_one_factor_and_the_losses_are_those_of_the_steps():
    x, y = line(40)
    found = learning_rate_range_test(
        nn.Dense(1, weight=nn.zeros),
        (x, y),
        loss=nn.HalfSquaredError(),
        optimizer=nn.sgd(),
        lowest=1e-4,
        highest=1e-1,
        steps=31,
        batch_size=40,
        dtype="float64",
        executor="numpy",
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-4, 1e-1, 31), rtol=1e-10)
    # The same descent on all rows, written out.
    design, w, expected = np.column_stack([x, np.ones(40)]), np.zeros((4, 1)), []
    for rate in found.rates:
        error = design @ w - y
        expected.append((error**2).sum() / 2 / 40)
        w = w - rate * design.T @ error / 40
    np.testing.assert_allclose(found.losses, expected, rtol=1e-9)


def test_a_descent_that_runs_away_is_cut_and_the_suggestion_learns():
    x, y = line(64)
    settings = {"loss": nn.HalfSquaredError(), "batch_size": 64}
    found = learning_rate_range_test(nn.Dense(1), (x, y), optimizer=nn.sgd(), highest=1e3, **settings)
    design = np.column_stack([x, np.ones(64)])
    limit = 2 / np.linalg.eigvalsh(design.T @ design / 64).max()  # larger rates diverge
    assert len(found.rates) < 100
    assert np.isfinite(found.losses).all()
    assert found.rates[-1] > limit
    assert found.suggestion is not None
    assert limit / 100 < found.suggestion < limit


def test_every_rate_of_an_optimizer_climbs():
    optimizer = nn.Accumulate(
        nn.chain(
            nn.ClipByGlobalNorm(1.0), nn.Partition((("*bias", nn.sgd()),), nn.adam(nn.StepDecay(1.0, 5)))
        ),
        2,
    )
    found = learning_rate_range_test(
        nn.Dense(3), points(50), loss=nn.SoftmaxCrossEntropy(), optimizer=optimizer, steps=20, highest=1.0
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-6, 1.0, 20), rtol=1e-5)


def test_smoothing_keeps_lines_and_lengths():
    straight = np.linspace(3.0, 1.0, 60)
    np.testing.assert_allclose(range_test._smoothed(straight)[5:-5], straight[5:-5])
    assert range_test._smoothed(straight[:1]).tolist() == [3.0]


def test_a_loss_that_never_falls_has_no_suggestion():
    rates = np.geomspace(1e-3, 1, 10)
    assert range_test._steepest(rates, np.linspace(1, 2, 10)) is None
    assert range_test._steepest(rates[:0], rates[:0]) is None
    steep = np.array([5, 5, 5, 4.9, 4, 2, 1, 0.9, 3, 9])
    assert range_test._steepest(rates, steep) == pytest.approx(rates[5])


def test_the_plot_shows_losses_over_rates_and_the_suggestion():
    found = learning_rate_range_test(nn.Dense(3), points(50), loss=nn.SoftmaxCrossEntropy(), steps=30)
    figure = found.plot()
    assert [trace["name"] for trace in figure.to_dict()["data"]] == ["each batch", "smoothed"]
    assert figure.layout.xaxis.type == "log"
    shown = figure.to_dict()["data"][0]
    assert (len(shown["x"]), len(shown["y"])) == (len(found.rates),) * 2
    assert len(figure.layout.shapes) == (found.suggestion is not None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0}, "learning_rate_range_test: lowest is 0; it must be above 0"),
        ({"lowest": 1, "highest": 1}, "learning_rate_range_test: highest is 1; it must be above 1"),
        ({"steps": 5}, "learning_rate_range_test: steps is 5; it must be a whole number, at least 10"),
        (
            {"optimizer": nn.Momentum()},
            "learning_rate_range_test: the optimizer has no learning rate; give one that "
            "ends in ScaleByLearningRate",
        ),
    ],
)
def test_refusals(settings, message):
    with pytest.raises(ConfigError) as caught:
        learning_rate_range_test(nn.Dense(3), points(), loss=nn.SoftmaxCrossEntropy(), **settings)
    assert str(caught.value).startswith(message)


def test_targets_are_checked_first():
    with pytest.raises(DataError, match="is class 2, and the network has 2 outputs"):
        learning_rate_range_test(nn.Dense(2), points(), loss=nn.SoftmaxCrossEntropy())


def test_weights_count_in_proportion():
    x, y = line(64)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    found = [
        learning_rate_range_test(nn.Dense(1), (x, y, each), loss=nn.MeanSquaredError(), steps=20)
        for each in (weight, weight * 2.0**-150)
    ]
    assert found[0].losses.tolist() == found[1].losses.tolist()


def test_any_objective_is_tested():
    @dataclass(frozen=True)
    class Shrink(Objective):
        layer: nn.Layer

        def record(self, inputs):
            outputs = self.layer(inputs["x"])
            return Recorded((outputs * outputs).mean(), outputs)

    x = np.random.default_rng(0).normal(size=(64, 3))
    found = learning_rate_range_test(Shrink(nn.Dense(2)), (x, None), optimizer=nn.sgd(), steps=20)
    assert found.suggestion is not None
