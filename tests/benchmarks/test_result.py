"""Whether rows may be compared, and what follows from those that may."""

import math

import pytest
from benchmarks.peers import OURS
from benchmarks.peers.matrix_product import FLOPS
from benchmarks.result import Measurement, Result
from benchmarks.workloads import WORKLOADS

LOSSES = [2.0, 1.5, 1.0]


def measured(
    *microseconds: float,
    losses: list[float] | None = None,
    plain: list[float] | None = None,
    cores: float = 1.0,
) -> Measurement:
    row = Measurement("how", "library 1", 0.1, 0.2, losses or LOSSES, plain)
    for each in microseconds:
        row.add(each * 1e-6, cores, 0.0)
    return row


def result(**rows: Measurement) -> Result:
    named = {name.replace("_", "-"): row for name, row in rows.items()}
    return Result(WORKLOADS["table"], 1_000_000, named)


def test_ratio_is_that_of_the_fastest_peer_by_medians():
    each = result(chainrule=measured(10, 20, 90), jax=measured(50, 1, 50), pytorch=measured(400))
    assert each.ours is not None
    assert (each.ours.middle, each.best_peer, each.ratio, each.agree) == (20, "jax", pytest.approx(2.5), True)


def test_rows_of_our_own_are_no_peers():
    each = result(chainrule=measured(10), chainrule_numpy=measured(5))
    assert (each.best_peer, each.ratio) == (None, None)


@pytest.mark.parametrize("last", [1.01, math.nan, math.inf])
def test_a_row_whose_losses_differ_is_void_and_never_the_best(last: float):
    each = result(chainrule=measured(10), jax=measured(1, losses=[2.0, 1.5, last]), pytorch=measured(30))
    assert each.void("jax") is not None
    assert (each.best_peer, each.ratio, each.agree) == ("pytorch", pytest.approx(3.0), False)


def test_differences_of_rounding_are_none():
    each = result(chainrule=measured(10), jax=measured(20, losses=[2.0, 1.5, 1.00001]))
    assert each.void("jax") is None
    assert each.difference("jax") == pytest.approx(1e-5, rel=1e-3)


def test_with_dropout_digits_are_compared_without_it_and_levels_with_it():
    ours = measured(10, losses=[2.1, 1.6, 1.1], plain=LOSSES)
    good = measured(20, losses=[2.12, 1.58, 1.1], plain=LOSSES)
    assert result(chainrule=ours, jax=good).void("jax") is None
    for losses, plain, reason in (
        ([2.1, 1.6, 1.1], [2.0, 1.5, 1.1], "differ from ours"),
        ([2.1, 1.9, 1.3], LOSSES, "mean loss is +10%"),
        ([2.0, 1.5, 1.1], LOSSES, "drops nothing"),
    ):
        void = result(chainrule=ours, jax=measured(20, losses=losses, plain=plain)).void("jax")
        assert void is not None
        assert reason in void


def test_without_our_row_nothing_can_be_compared():
    each = result(jax=measured(10))
    assert (each.agree, each.ratio, each.to_json()["chainrule_us"]) == (False, None, None)


@pytest.mark.parametrize(("cores", "share"), [(1.0, 0.5), (1.1, 0.5), (1.9, 0.25)])
def test_share_is_of_the_rate_on_as_many_threads_as_were_used(cores: float, share: float):
    each = result(chainrule=measured(20, cores=cores))
    flops_per_microsecond = 1e5  # on one thread: the row reaches half of it
    each.products = {n: measured(FLOPS / flops_per_microsecond / n) for n in (1, 2)}
    assert each.share(OURS) == pytest.approx(share)
