from typing import Any

import numpy as np
import pytest
from scipy import stats

from chainrule.control.policies import CategoricalPolicy, GaussianPolicy, SquashedGaussianPolicy
from chainrule.executors import EXECUTORS
from chainrule.nn.layer import RANDOM_KEY, building
from chainrule.program import Trace


def run(policy, said, action=None, calls=1):
    """What the policy makes of the numbers that it says."""
    trace = Trace()
    given = trace.input("said", said.shape, "float32")
    taken = None if action is None else trace.input("action", action.shape, action.dtype.name)
    with building(trace, training=True) as built:
        outputs = {"entropy": policy.entropy(given), "drawn": policy.drawn(given, built)}
        outputs["likeliest"] = policy.likeliest(given)
        if taken is not None:
            outputs["log_probability"] = policy.log_probability(given, taken)
    compiled = EXECUTORS["native"].compile(trace.program(outputs, built.updates))
    tree = {RANDOM_KEY: np.array([1, 0], np.uint32)}
    inputs = {"said": said} | ({} if action is None else {"action": action})
    return [compiled.run(tree, inputs) for _ in range(calls)]


def test_a_category_is_as_probable_as_it_says():
    share = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], np.float32)
    done = run(CategoricalPolicy(3), np.log(share), np.array([1, 2], np.int32))[0]
    np.testing.assert_allclose(done["log_probability"], np.log([0.3, 0.8]), rtol=1e-6)
    np.testing.assert_allclose(done["entropy"], [stats.entropy(row) for row in share], rtol=1e-6)
    np.testing.assert_array_equal(done["likeliest"], [0, 2])


def test_categories_are_drawn_as_often_as_they_are_probable():
    share = np.array([0.5, 0.3, 0.2])
    said = np.tile(np.log(share), (2000, 1)).astype(np.float32)
    counts = sum(np.bincount(done["drawn"], minlength=3) for done in run(CategoricalPolicy(3), said, calls=5))
    assert stats.chisquare(counts, share * 10_000).pvalue > 1e-3


def test_a_density_is_that_of_the_normal_distribution():
    mean, deviation = np.array([[1.0, -2.0]]), np.array([0.5, 3.0])
    said = np.concatenate([mean, np.log(deviation)[None]], 1).astype(np.float32)
    action = np.array([[0.3, 1.0]], np.float32)
    done = run(GaussianPolicy(2), said, action)[0]
    known: Any = stats.norm(mean[0], deviation)
    np.testing.assert_allclose(done["log_probability"], known.logpdf(action[0]).sum(), rtol=1e-6)
    np.testing.assert_allclose(done["entropy"], known.entropy().sum(), rtol=1e-6)
    np.testing.assert_array_equal(done["likeliest"], mean)


def test_numbers_are_drawn_from_the_normal_distribution():
    said = np.tile([1.0, np.log(2.0)], (5000, 1)).astype(np.float32)
    first, second = run(GaussianPolicy(1), said, calls=2)
    drawn = np.concatenate([first["drawn"], second["drawn"]])[:, 0]
    assert stats.kstest(drawn, stats.norm(1, 2).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(first["drawn"][:, 0], second["drawn"][:, 0])[0, 1]) < 0.05
    assert len(np.unique(drawn)) > 9000


@pytest.mark.parametrize("width", [0, -1, 1.5])
def test_a_wrong_width_is_refused(width):
    with pytest.raises(ValueError, match="it must be a whole number"):
        CategoricalPolicy(width)


def test_a_squashed_density_and_its_draws_are_those_of_the_normal_distribution_behind_tanh():
    """p(a) = N(artanh a) / (1 - a²)."""
    mean, deviation = np.array([[0.4, -1.0]]), np.array([0.5, 1.5])
    said = np.concatenate([mean, np.log(deviation)[None]], 1).astype(np.float32)
    action = np.array([[0.3, -0.9]], np.float32)
    policy = SquashedGaussianPolicy(2)
    done = run(policy, said, action)[0]
    known: Any = stats.norm(mean[0], deviation)
    expected = (known.logpdf(np.arctanh(action[0])) - np.log(1 - action[0] ** 2)).sum()
    np.testing.assert_allclose(done["log_probability"], expected, rtol=1e-5)
    np.testing.assert_allclose(done["likeliest"], np.tanh(mean), rtol=1e-6)
    drawn = run(SquashedGaussianPolicy(1), np.tile([0.4, np.log(0.5)], (5000, 1)).astype(np.float32))[0][
        "drawn"
    ]
    assert stats.kstest(np.arctanh(drawn[:, 0]), stats.norm(0.4, 0.5).cdf).pvalue > 1e-3
