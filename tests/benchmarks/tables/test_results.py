"""What follows from the figures: who is better, on the same splits, and how much sooner."""

import numpy as np
import pytest
from benchmarks.tables.printing import spread
from benchmarks.tables.results import Fit, Result, wins


def fits(*accuracies: float, seconds: tuple[float, ...] = (1.0, 1.0, 1.0)) -> list[Fit]:
    return [
        Fit(seed, {"accuracy": accuracy, "log loss": 1 - accuracy}, time)
        for seed, (accuracy, time) in enumerate(zip(accuracies, seconds, strict=False))
    ]


def result(ours: list[Fit], peer: list[Fit]) -> Result:
    return Result("toy", "toys", "classification", 10, 2, {"chainrule": ours, "mlp": peer})


def test_the_advantage_is_that_on_the_same_split_and_positive_where_ours_is_better():
    each = result(fits(0.9, 0.8), fits(0.7, 0.9))
    accuracy, loss = (each.advantage("chainrule", "mlp", metric) for metric in ("accuracy", "log loss"))
    assert accuracy == pytest.approx([0.2, -0.1])
    assert loss == pytest.approx([0.2, -0.1])
    each.failed["mlp"] = "broke"
    assert each.advantage("chainrule", "mlp", "accuracy") is None
    assert each.advantage("chainrule", "trees", "accuracy") is None


def test_wins_are_counted_by_the_mean():
    better, worse, equal = (
        result(fits(*pair), fits(0.5, 0.5)) for pair in ((0.9, 0.4), (0.4, 0.5), (0.5, 0.5))
    )
    failed = Result("toy", "", "classification", 1, 1, {}, failed={"mlp": "broke"})
    every = [better, worse, equal, failed]
    assert wins(every, "chainrule", "mlp", equal_counts=False) == (1, 3)
    assert wins(every, "chainrule", "mlp", equal_counts=True) == (2, 3)


def test_speed_is_the_ratio_of_medians_at_equal_layers():
    each = result([], [])
    assert each.speed("chainrule", "mlp") is None
    each.equal = {
        "chainrule": fits(1, 1, 1, seconds=(1.0, 2.0, 9.0)),
        "mlp": fits(1, 1, 1, seconds=(9.0, 8.0, 1.0)),
    }
    assert each.speed("chainrule", "mlp") == 4.0


@pytest.mark.parametrize(
    ("numbers", "signed", "text"),
    [
        ([0.8, 0.9], False, "0.8500 ± 0.0707"),
        ([0.8], False, "0.8000"),
        ([0.01, 0.03], True, "+0.0200 ± 0.0141"),
        ([25_000, 26_000], False, "25,500.0 ± 707.1"),
    ],
)
def test_spread(numbers: list[float], signed: bool, text: str):
    assert spread(np.array(numbers), signed=signed) == text
