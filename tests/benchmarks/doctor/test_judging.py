"""When a figure is as good as another, by hand."""

import pytest
from benchmarks.doctor.judging import as_good, better, hurts, mean_figure, steady


@pytest.mark.parametrize(
    ("figure", "than", "classes", "good"),
    [
        (0.90, 0.95, 3, True),
        (0.89, 0.95, 3, False),
        (0.99, 0.95, 3, True),
        (0.11, 0.10, 0, True),
        (0.112, 0.10, 0, False),
        (0.01, 0.10, 0, True),
        (None, 0.10, 0, False),
    ],
)
def test_within_five_points_or_a_tenth(figure, than, classes, good):
    assert as_good(figure, than, classes) is good


def test_better_is_more_accuracy_or_less_error_and_any_number():
    assert better(0.9, 0.8, 2)
    assert not better(0.8, 0.8, 2)
    assert better(0.1, 0.2, 0)
    assert better(0.1, None, 2)
    assert not better(None, 0.1, 2)


def test_a_mean_needs_every_seed():
    assert mean_figure([0.5, 1.0]) == 0.75
    assert mean_figure([0.5, None]) is None
    assert mean_figure([]) is None


def test_a_steady_program_ends_alike_with_every_seed():
    assert steady([0.90, 0.92, 0.94], 2)
    assert not steady([0.70, 0.92, 0.94], 2)
    assert not steady([0.9, None, 0.9], 2)


@pytest.mark.parametrize(
    ("figures", "twin", "classes", "does"),
    [
        ([0.80, 0.80, 0.80], [0.9, 0.9, 0.9], 2, True),
        ([0.80, 0.86, 0.50], [0.9, 0.9, 0.9], 2, False),  # one seed is as good
        ([0.84, 0.84, 0.84], [0.9, 0.9, 0.9], 2, False),  # six points are not clear
        ([0.80, None, 0.80], [0.9, 0.9, 0.9], 2, True),
        ([0.12, 0.12, 0.13], [0.1, 0.1, 0.1], 0, True),
        ([0.12, 0.105, 0.9], [0.1, 0.1, 0.1], 0, False),
        ([0.5, 0.5, 0.5], [None, 0.9, 0.9], 2, False),
    ],
)
def test_a_fault_hurts_with_every_seed_and_clearly(figures, twin, classes, does):
    assert hurts(figures, twin, classes) is does
