"""Small equations, solved to the digits of their closed forms."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import nn, science, train
from chainrule.data import Arrays
from chainrule.errors import ChainruleError, ConfigError, ShapeError

SMALL = nn.Sequential([nn.Dense(12, "tanh"), nn.Dense(1)])
LINE = science.Box((0.0,), (2.0,))
METHOD = {"optimizer": nn.LevenbergMarquardt(), "dtype": "float64", "progress": False, "watch": False}


@dataclass(frozen=True)
class Decay(science.Term):
    """u' = -rate u; the rate is unknown if there is a coefficient of that name."""

    rate: float = 1.0

    def residual(self, u, x, unknown):
        value = u(x)[:, 0]
        return science.gradient(value, x)[:, 0] + unknown.get("rate", self.rate) * value


@dataclass(frozen=True)
class Oscillation(science.Term):
    """u'' = -4 u."""

    def residual(self, u, x, unknown):
        value = u(x)[:, 0]
        return science.laplacian(value, x) + 4.0 * value


@dataclass(frozen=True)
class Slope(science.Term):
    """u' = 2."""

    def residual(self, u, x, unknown):
        return science.gradient(u(x), x)[:, 0] - 2.0


def solved(equations: science.Equations, points: dict, targets: dict | None = None, epochs: int = 60):
    """A run on these points."""
    rows = len(next(iter(points.values())))
    return train(equations, (points, targets), epochs=epochs, batch_size=rows, keep="last", **METHOD)


def test_a_decay_is_found_to_many_digits(tmp_path):
    points = science.matched({"inside": LINE.inside(64), "start": np.zeros((1, 1))})
    equations = science.Equations(SMALL, (Decay("inside"), science.Fixed("start", weight=10.0, value=1.0)))
    run = solved(equations, points)
    grid = LINE.grid(101)
    found = run.predict({"inside": grid})["inside"]
    assert np.abs(found - np.exp(-grid)).max() < 1e-4
    run.save(tmp_path / "run")
    again = science.load(tmp_path / "run", [Decay])
    np.testing.assert_array_equal(again.predict({"inside": grid})["inside"], found)


def test_second_derivatives_train_like_anything_else():
    points = science.matched({"inside": LINE.inside(64), "start": np.zeros((1, 1))})
    terms = (Oscillation("inside"), science.Fixed("start", weight=10.0), Slope("start", weight=10.0))
    run = solved(science.Equations(SMALL, terms), points, epochs=120)
    grid = LINE.grid(101)
    assert np.abs(run.predict({"inside": grid})["inside"] - np.sin(2 * grid)).max() < 5e-3


def test_an_unknown_coefficient_is_found_from_measured_values():
    places = LINE.grid(20)
    points = science.matched({"inside": LINE.inside(64), "probes": places})
    values = {"probes": np.exp(-1.7 * points["probes"])}
    equations = science.Equations(
        SMALL,
        (Decay("inside"), science.Measured("probes", weight=10.0)),
        unknowns=science.Unknowns(("rate",), (0.5,)),
    )
    run = solved(equations, points, values)
    assert run.parameters["unknowns.rate"] == pytest.approx(1.7, rel=1e-3)


def test_gradients_alone_train_them_too():
    points = science.matched({"inside": LINE.inside(64), "start": np.zeros((1, 1))})
    equations = science.Equations(SMALL, (Decay("inside"), science.Fixed("start", value=1.0)))
    run = train(equations, (points, None), epochs=300, optimizer=nn.adam(0.01), progress=False, watch=False)
    grid = LINE.grid(11)
    assert np.abs(run.predict({"inside": grid})["inside"] - np.exp(-grid)).max() < 0.05


def test_points_may_be_drawn_anew():
    def drawn(number: int):
        return {"inside": LINE.inside(32, seed=number), "start": np.zeros((1, 1))}

    source = science.Resampled(drawn, every=2)
    equations = science.Equations(SMALL, (Decay("inside"), science.Fixed("start", value=1.0)))
    runs = [train(equations, source, epochs=6, batch_size=32, progress=False) for _ in range(2)]
    losses = [[record["loss"] for record in run.history] for run in runs]
    assert losses[0] == losses[1]
    first, again, fresh = (next(source.chunks(0, epoch)).arrays["x.inside"] for epoch in (0, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(fresh, first).any()
    assert source.fingerprint() == science.Resampled(drawn).fingerprint()
    assert set(source.fields) == {"x.inside", "x.start"}
    assert source.examples == 32


@pytest.mark.parametrize("method", [nn.LevenbergMarquardt(rule="gain"), nn.LBFGS()])
def test_points_drawn_anew_suit_methods_that_need_all(method):
    drawn: list[int] = []

    def sample(number: int):
        drawn.append(number)
        return {"inside": LINE.inside(32, seed=number), "start": np.zeros((1, 1))}

    equations = science.Equations(SMALL, (Decay("inside"), science.Fixed("start", value=1.0)))
    given = METHOD | {"optimizer": method}
    source = science.Resampled(sample, every=5)
    run = train(equations, source, epochs=40, batch_size=32, keep="last", **given)
    grid = LINE.grid(11)
    assert np.abs(run.predict({"inside": grid})["inside"] - np.exp(-grid)).max() < 2e-2
    assert max(drawn) == 8
    with pytest.raises(ConfigError, match="needs all 32 examples"):
        train(equations, source, epochs=1, batch_size=16, **given)


def test_mistakes_are_told():
    points = science.matched({"inside": LINE.inside(8)})
    for equations, error, said in (
        (
            science.Equations(SMALL, (Decay("outside"),)),
            ConfigError,
            "on the points 'outside', .*'inside'",
        ),
        (science.Equations(SMALL, (Wide("inside"),)), ShapeError, r"its residual has shape \(8, 1\)"),
        (science.Equations(SMALL, (Nothing("inside"),)), ChainruleError, "must give a Tensor"),
    ):
        with pytest.raises(error, match=said):
            solved(equations, points, epochs=1)
    with pytest.raises(ConfigError, match=r"derived from science\.Term"):
        science.Equations(SMALL, ())
    with pytest.raises(ConfigError, match="a first value for each name"):
        science.Unknowns(("a", "b"), (1.0,))
    with pytest.raises(ConfigError, match="weight"):
        Decay("inside", weight=0.0)


@dataclass(frozen=True)
class Wide(science.Term):
    """A residual with a column."""

    def residual(self, u, x, unknown):
        return u(x)


@dataclass(frozen=True)
class Nothing(science.Term):
    """A residual that is none."""

    def residual(self, u, x, unknown):
        return None


def test_data_are_arrays_of_a_mapping():
    arrays = Arrays.of(science.matched({"inside": LINE.inside(5), "start": np.zeros((1, 1))}))
    assert {name: a.shape for name, a in arrays.named.items()} == {"x.inside": (5, 1), "x.start": (5, 1)}
