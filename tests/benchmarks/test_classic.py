"""The benchmark of classic methods: its figures are NIST's, and all methods run."""

import numpy as np
import pytest
from benchmarks.classic import METHODS, measured_step, trained
from benchmarks.classic_figures import HAHN1, THURBER
from benchmarks.classic_problems import PROBLEMS

CERTIFIED = {
    "thurber": (
        THURBER,
        (1288.13968, 1491.0792535, 583.23836877, 75.416644291, 0.96629502864, 0.39797285797, 0.049727297349),
        5642.7082397,
    ),
    "hahn1": (
        HAHN1,
        (
            *(1.0776351733, -0.12269296921, 0.0040863750610, -1.4262662514e-06),
            *(-0.0057609940901, 0.00024053735503, -1.2314450199e-07),
        ),
        1.5324382854,
    ),
}


@pytest.mark.parametrize("name", CERTIFIED)
def test_the_residual_sum_of_squares_is_the_certified_one(name):
    """Both models are cubic over cubic."""
    pairs, b, squares = CERTIFIED[name]
    x, y = np.array(pairs).T
    curve = np.polyval(b[3::-1], x) / np.polyval((*b[:3:-1], 1.0), x)
    assert ((y - curve) ** 2).sum() == pytest.approx(squares, rel=1e-7)


def test_there_are_ten_problems_and_their_splits_are_standardized():
    assert len(PROBLEMS) == 10
    for problem in PROBLEMS.values():
        split = problem.split(3)
        assert 20 <= len(split.x) + len(split.test_x) <= 2000
        np.testing.assert_allclose(split.x.mean(0), 0, atol=1e-12)
        np.testing.assert_allclose(split.y.std(0), 1)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_a_little(method):
    problem = PROBLEMS["thurber"]
    found = trained(method, problem, problem.split(0), 0, 0.3)
    assert found.steps >= 1
    assert found.training < 1.0
    assert np.isfinite(found.test)


def test_a_step_is_timed():
    said = measured_step(40, 3, repeats=1)
    assert said["parameters"] == 22
    assert min(said["ours"], said["scipy"]) > 0
