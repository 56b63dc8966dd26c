"""Mixup and cutmix: partners, shares and boxes against what the papers say, drawn many times."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.executors import Compile
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import CutMix, Mixing, MixUp
from chainrule.program import Trace
from chainrule.program import functions as f

DRAWS = 400


def draws(mixing: Mixing, x: np.ndarray, count: int = DRAWS, executor: Compile = compile_numpy):
    """(mixed, partners, share) of as many calls, each with the next random key."""
    trace = Trace()
    given, key = trace.input("x", x.shape, x.dtype.name), trace.input("key", (2,), "uint32")
    streams = iter(range(100))
    mixed, partners, share = mixing(given, lambda shape: f.random_bits(key, shape, next(streams)))
    compiled = executor(trace.program({"x": mixed, "partners": partners, "share": share}))
    results = [compiled.run({}, {"x": x, "key": np.array([7, i], np.uint32)}) for i in range(count)]
    return [np.array([result[name] for result in results]) for name in ("x", "partners", "share")]


def images(batch=4, height=7, width=5, channels=2, dtype="float64"):
    return np.random.default_rng(1).normal(size=(batch, height, width, channels)).astype(dtype)


MIXINGS = {"mixup": MixUp(0.4), "cutmix": CutMix(0.7)}


@pytest.mark.parametrize("name", MIXINGS)
def test_everyone_has_another_partner_and_every_shift_occurs(name):
    _, partners, share = draws(MIXINGS[name], images(batch=5))
    assert (np.sort(partners, axis=1) == np.arange(5)).all()
    shifts = (partners[:, 0]) % 5
    assert set(shifts.tolist()) == {1, 2, 3, 4}
    assert ((partners - np.arange(5)) % 5 == shifts[:, None]).all()
    counts = np.bincount(shifts, minlength=5)[1:]
    assert stats.chisquare(counts).pvalue > 1e-3
    assert ((share >= 0) & (share <= 1)).all()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_mixup_is_the_weighted_sum_with_shares_from_a_beta_distribution(alpha):
    x = images(dtype="float64")
    mixed, partners, share = draws(MixUp(alpha), x)
    expected = [s * x + (1 - s) * x[p] for s, p in zip(share, partners, strict=True)]
    np.testing.assert_allclose(mixed, expected, rtol=1e-12, atol=1e-14)
    test: Any = stats.kstest(share, stats.beta(alpha, alpha).cdf)
    assert test.pvalue > 1e-3


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_cutmix_pastes_one_box_and_the_share_is_what_is_left(alpha):
    x = images(height=16, width=12)
    mixed, partners, share = draws(CutMix(alpha), x)
    sizes = []
    for number in range(DRAWS):
        pasted = (mixed[number] == x[partners[number]]) & (mixed[number] != x)
        box = pasted.all(axis=(0, 3))
        assert (pasted == box[None, :, :, None]).all()  # the same box in every image and channel
        assert ((mixed[number] == x) | pasted).all()
        rows, columns = box.any(axis=1), box.any(axis=0)
        assert (box == rows[:, None] & columns).all()
        assert (np.diff(np.flatnonzero(rows)) == 1).all()
        assert (np.diff(np.flatnonzero(columns)) == 1).all()
        assert share[number] == pytest.approx(1 - box.mean(), rel=1e-12)
        sizes.append((rows.sum(), columns.sum(), *box[[0, -1]].any(axis=1), *box[:, [0, -1]].any(axis=0)))
    inside = np.array([size[:2] for size in sizes if not any(size[2:]) and size[0] and size[1]])
    # Sides have the image's proportions, to the rounding of their two ends.
    assert len(inside) > 20
    assert (np.abs(inside[:, 0] / 16 - inside[:, 1] / 12) <= 1 / 16 + 1 / 12).all()


def test_cutmix_boxes_have_the_area_of_a_beta_distribution_before_they_are_cut_off():
    """With boxes so small that few are cut off, the mean area is that of 1 - Beta."""
    x = images(batch=2, height=64, width=64, channels=1)
    share = draws(CutMix(1.0), x, 600)[2]
    # Monte Carlo of the paper's algorithm, with its own random numbers.
    random = np.random.default_rng(0)
    lam, y, z = random.uniform(size=(3, 200_000))
    side = np.sqrt(1 - lam) / 2
    area = np.prod([np.minimum(c + side, 1) - np.maximum(c - side, 0) for c in (y, z)], axis=0)
    test: Any = stats.ks_2samp(1 - area, share)
    assert test.pvalue > 1e-3


@pytest.mark.parametrize("name", MIXINGS)
def test_a_batch_of_one_stays_as_it_is(name):
    x = images(batch=1)
    mixed, partners, _ = draws(MIXINGS[name], x, 5)
    np.testing.assert_allclose(mixed, np.broadcast_to(x, mixed.shape), rtol=1e-12)
    assert not partners.any()


@pytest.mark.parametrize("name", MIXINGS)
def test_float32_draws_what_float64_draws(name):
    (x32, p32, s32), (x64, p64, s64) = (
        draws(MIXINGS[name], images(dtype=d), 20) for d in ("float32", "float64")
    )
    assert (x32.dtype, s32.dtype) == ("float32", "float32")
    assert (p32 == p64).all()
    np.testing.assert_allclose(s32, s64, atol=1e-5)
    np.testing.assert_allclose(x32, x64, atol=1e-4)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("name", MIXINGS)
def test_the_native_executor_draws_the_same(name):
    ours = draws(MIXINGS[name], images(dtype="float32"), 20, compile_native)
    theirs = draws(MIXINGS[name], images(dtype="float32"), 20)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_refusals():
    x = Trace().input("x", (4, 3))
    with pytest.raises(ShapeError, match=r"^CutMix got x of shape \(4, 3\); it needs images"):
        CutMix()(x, lambda shape: x)
    whole = Trace().input("x", (4, 3), "int32")
    with pytest.raises(DTypeError, match="a mixing got x of int32; it mixes numbers"):
        MixUp()(whole, lambda shape: Trace().input("bits", shape, "uint32"))
    with pytest.raises(ConfigError, match=r"^MixUp: alpha is 0; it must be above 0$"):
        MixUp(0)
    with pytest.raises(ConfigError, match=r"^CutMix: alpha is -1; it must be above 0$"):
        CutMix(-1)
