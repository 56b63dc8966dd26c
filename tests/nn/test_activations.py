"""Activations against NumPy and SciPy, their derivatives against the numerical slope, and both far out."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from chainrule.backprop import check_direction
from chainrule.errors import ConfigError
from chainrule.nn.activations import ACTIVATIONS, activate
from chainrule.program import Trace

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772

REFERENCES = {
    "linear": lambda x: x,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, x / 100),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x * special.ndtr(x),
    "gelu_tanh": lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x * special.expit(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "exponential": lambda x: np.where(x > 700, np.inf, np.exp(np.minimum(x, 700))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "relu6": lambda x: np.clip(x, 0, 6),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "log_sigmoid": special.log_expit,
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "softmax": lambda x: special.softmax(x, axis=-1),
    "log_softmax": lambda x: special.log_softmax(x, axis=-1),
}
SMOOTH = (
    *("linear", "sigmoid", "tanh", "gelu", "gelu_tanh", "silu", "softplus", "exponential", "mish", "softmax"),
    *("log_sigmoid", "tanh_shrink", "log_softmax"),
)
# Derivatives at -1e4 and 1e4, of the sum for softmax, which is 1 whatever x is, and log_softmax.
ENDS = {
    "linear": (1, 1),
    "sigmoid": (0, 0),
    "tanh": (0, 0),
    "relu": (0, 1),
    "leaky_relu": (0.01, 1),
    "elu": (0, 1),
    "selu": (0, SCALE),
    "gelu": (0, 1),
    "gelu_tanh": (0, 1),
    "silu": (0, 1),
    "softplus": (0, 1),
    "exponential": (0, np.inf),
    "softsign": (0, 0),
    "hard_sigmoid": (0, 0),
    "hard_tanh": (0, 0),
    "hard_swish": (0, 1),
    "relu6": (0, 0),
    "mish": (0, 1),
    "log_sigmoid": (1, 0),
    "soft_shrink": (1, 1),
    "hard_shrink": (1, 1),
    "tanh_shrink": (1, 1),
    "softmax": (0, 0),
    "log_softmax": (1, -1),
}
# Softsign's falls as 1/x², and in float32 what is left of 1/x is rounded.
NOT_THERE_YET = {"softsign": 2e-8}
# Nowhere near -3, -1, 0, 1, 3 and 6, where some have a kink.
POINTS = np.array([[-2.8, -0.7, 0.4], [2.5, -1.1, 0.9]])


def test_every_activation_has_a_reference():
    assert set(ACTIVATIONS) == set(REFERENCES) == set(ENDS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_equals_the_formula(name, evaluate):
    x = np.concatenate([np.linspace(-6, 6, 25), [0.0, -1e4, 1e4]]).reshape(4, 7)
    np.testing.assert_allclose(evaluate(ACTIVATIONS[name], x), REFERENCES[name](x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_equals_the_slope(name, run):
    check_direction(ACTIVATIONS[name], [POINTS], run, relative=1e-7)


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivative_equals_the_slope_of_the_first(name, run):
    check_direction(ACTIVATIONS[name], [POINTS], run, order=2, relative=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_far_out_is_its_limit(name, dtype, gradient):
    x = np.array([[-1e4, 1e4]], dtype)
    d_x = gradient(ACTIVATIONS[name], x)
    assert d_x.dtype == dtype
    np.testing.assert_allclose(d_x, [ENDS[name]], rtol=1e-6, atol=NOT_THERE_YET.get(name, 1e-12))


def test_derivatives_at_the_kink_are_those_documented(gradient):
    x = np.zeros(1)
    assert gradient(ACTIVATIONS["relu"], x) == 0
    assert gradient(ACTIVATIONS["leaky_relu"], x) == 0.01
    assert gradient(ACTIVATIONS["relu6"], x) == 0
    assert gradient(ACTIVATIONS["relu6"], x + 6) == 0.5
    assert gradient(ACTIVATIONS["hard_tanh"], np.array([-1.0, 1.0])).tolist() == [0.5, 0.5]


def test_selu_keeps_mean_0_and_variance_1(evaluate):
    def density_times(power):
        def integrand(z):
            y = float(evaluate(ACTIVATIONS["selu"], np.array(z)))
            return y**power * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        return sum(integrate.quad(integrand, *ends, limit=40)[0] for ends in ((-12, 0), (0, 12)))

    assert density_times(1) == pytest.approx(0, abs=1e-9)
    assert density_times(2) == pytest.approx(1, abs=1e-9)


def test_softmax_works_along_the_last_axis(evaluate):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(evaluate(ACTIVATIONS["softmax"], x).sum(-1), 1, rtol=1e-14)


def test_activate_by_name_and_none_is_linear():
    x = Trace().input("x", (2,))
    assert activate(None, x) is x
    assert activate("linear", x) is x
    assert activate("relu", x).value.name == "relu"


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(
        ConfigError, match=r"activation is 'rellu' \(did you mean 'relu'\?\); it must be one of"
    ):
        activate("rellu", Trace().input("x", (2,)))
