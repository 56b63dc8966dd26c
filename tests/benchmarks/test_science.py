"""The exact solutions solve their equations; the problems train."""

import numpy as np
import pytest
from benchmarks.science import solved
from benchmarks.science_problems import PI, PROBLEMS, VISCOSITY, burgers

STEP = 1e-4


def slopes(u, points):
    """∂u/∂x₀, ∂u/∂x₁, ∂²u/∂x₀², ∂²u/∂x₁² by central differences."""
    found = []
    for away in np.eye(2) * STEP:
        after, before = u(points + away), u(points - away)
        found.append(((after - before) / (2 * STEP), (after - 2 * u(points) + before) / STEP**2))
    (first, first2), (second, second2) = found
    return first, second, first2, second2


def test_burgers_is_solved_by_quadrature():
    points = np.array([[0.1, 0.3], [0.25, -0.6], [0.9, 0.5], [0.3, 0.2], [0.7, -0.3]])
    u_t, u_x, _, u_xx = slopes(burgers, points)
    assert np.abs(u_t + burgers(points) * u_x - VISCOSITY * u_xx).max() < 1e-5
    x = np.linspace(-1, 1, 21)
    beginning = burgers(np.stack([0 * x, x], 1))
    np.testing.assert_allclose(beginning, -np.sin(PI * x), atol=1e-14)
    assert np.abs(burgers(np.array([[0.5, 1.0], [0.5, -1.0], [0.5, 0.0]]))).max() < 1e-12


@pytest.mark.parametrize("name", ["poisson", "helmholtz", "heat"])
def test_closed_forms_solve_their_equations(name):
    problem = PROBLEMS[name]
    points = problem.box.inside(20, seed=1) * 0.9
    first, _, second_a, second_b = slopes(problem.exact, points)
    x, y = points.T
    u = problem.exact(points)
    apart = {
        "poisson": second_a + second_b + 2 * PI**2 * np.sin(PI * x) * np.sin(PI * y),
        "helmholtz": second_a + second_b + u - (1 - 17 * PI**2) * np.sin(PI * x) * np.sin(4 * PI * y),
        "heat": first - 0.4 * second_b,
    }[name]
    assert np.abs(apart).max() < 1e-3 * max(1.0, np.abs(second_b).max())


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_problem_is_trained(name):
    told = solved(PROBLEMS[name], seed=0, seconds=0.2)
    assert told["steps"] >= 1
    assert np.isfinite(told["error"])
