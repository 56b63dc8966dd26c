import math

import pytest

from chainrule.report.numbers import (
    duration,
    gain_text,
    metric_gain,
    metric_name,
    metric_value,
    number,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.97222, "0.9722"),
        (-0.5, "−0.5000"),
        (12.345678, "12.35"),
        (123456.7, "123,457"),
        (1250, "1,250"),
        (-1250, "−1,250"),
        (3.1e-7, "3.100 × 10⁻⁷"),
        (-2.5e12, "−2.500 × 10¹²"),
        (math.nan, "not a number"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.97222, "97.22 %"),
        ("balanced_accuracy", 1.0, "100.00 %"),
        ("accuracy", math.nan, "not a number"),
        ("r2", -8e-5, "−0.0001"),
        ("loss", 0.31, "0.3100"),
    ],
)
def test_metric_value(name, value, text):
    assert metric_value(name, value) == text


def test_metric_name():
    assert metric_name("root_mean_squared_error") == "root mean squared error"
    assert metric_name("r2") == "R²"


def test_gain_is_positive_where_the_network_is_better():
    assert metric_gain("accuracy", 0.9, 0.5) == pytest.approx(0.4)
    assert metric_gain("root_mean_squared_error", 1.0, 3.0) == 2.0
    assert metric_gain("r2", -0.1, 0.0) == -0.1
    assert metric_gain("mase", 0.4, 1.0) == pytest.approx(0.6)
    assert metric_gain("pinball", 0.5, 0.2) == pytest.approx(-0.3)


def test_gain_text_has_a_sign_and_says_points_for_percentages():
    assert gain_text("accuracy", 0.8713) == "+87.13 points"
    assert gain_text("accuracy", -0.01) == "−1.00 points"
    assert gain_text("loss", 2.0) == "+2.000"
    assert gain_text("r2", -0.25) == "−0.2500"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.08, "0.08 s"),
        (3.21, "3.2 s"),
        (9.99, "10 s"),
        (42.4, "42 s"),
        (59.7, "1 min 0 s"),
        (75.4, "1 min 15 s"),
        (3599.9, "1 h 0 min"),
        (4330, "1 h 12 min"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text
