"""First values: moments against theory, orthogonality, dtype, determinism."""

from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import initializers as i

TRUNCATED_KURTOSIS = 3 + float(truncnorm(-2, 2).stats("k"))
DENSE, CONVOLUTION = (500, 300), (3, 5, 40, 80)
# Per initializer: its scale and which fan the variance is divided by, straight from the papers.
VARIANCES = {
    "glorot_uniform": (i.glorot_uniform(), lambda n_in, n_out: 2 / (n_in + n_out), "uniform"),
    "glorot_normal": (i.glorot_normal(), lambda n_in, n_out: 2 / (n_in + n_out), "normal"),
    "he_uniform": (i.he_uniform(), lambda n_in, n_out: 2 / n_in, "uniform"),
    "he_normal": (i.he_normal(), lambda n_in, n_out: 2 / n_in, "normal"),
    "lecun_uniform": (i.lecun_uniform(), lambda n_in, n_out: 1 / n_in, "uniform"),
    "lecun_normal": (i.lecun_normal(), lambda n_in, n_out: 1 / n_in, "normal"),
    "fan_out_truncated": (
        i.VarianceScaling(3.0, "fan_out", "truncated_normal"),
        lambda n_in, n_out: 3 / n_out,
        "truncated",
    ),
    "fan_out": (i.VarianceScaling(3.0, "fan_out", "normal"), lambda n_in, n_out: 3 / n_out, "normal"),
}
ALL = {
    "zeros": i.zeros,
    "ones": i.ones,
    "constant": i.constant(2.5),
    "uniform": i.uniform(-1, 3),
    "normal": i.normal(1.0, 2.0),
    "truncated_normal": i.truncated_normal(1.0, 2.0),
    "orthogonal": i.orthogonal(),
    "filled_parts": i.filled_parts(0.5),
    **{name: case[0] for name, case in VARIANCES.items()},
}


def generator():
    return np.random.default_rng(7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "fans"), [(DENSE, (500, 300)), (CONVOLUTION, (600, 1200))])
@pytest.mark.parametrize("name", VARIANCES)
def test_variance_and_distribution_are_those_of_the_paper(name, shape, fans, dtype):
    initializer, variance, distribution = VARIANCES[name]
    values = initializer(shape, generator(), dtype).astype(np.float64)
    deviation = np.sqrt(variance(*fans))
    assert abs(values.mean()) < 0.02 * deviation
    assert values.var() == pytest.approx(deviation**2, rel=0.02)
    # Fourth moment over variance²: 3 for a normal, 9/5 for a uniform distribution; else SciPy's.
    assert (values**4).mean() / values.var() ** 2 == pytest.approx(
        {"normal": 3, "truncated": TRUNCATED_KURTOSIS, "uniform": 1.8}[distribution], rel=0.05
    )
    if distribution == "uniform":
        assert abs(values).max() <= np.sqrt(3) * deviation * (1 + 1e-6)
    elif distribution == "truncated":
        assert 2.2 * deviation < abs(values).max() <= 2 / truncnorm(-2, 2).std() * deviation * (1 + 1e-6)
    else:
        assert abs(values).max() > 3.5 * deviation  # a truncated normal would stop at 2


def test_filled_parts_fill_equal_parts_of_the_last_axis():
    parts = i.filled_parts(0.0, 1.5, -2.0)
    assert parts((6,), generator(), "float32").tolist() == [0, 0, 1.5, 1.5, -2, -2]
    assert parts((2, 3), generator(), "float64").tolist() == [[0, 1.5, -2]] * 2
    with pytest.raises(ShapeError, match=r"^filled_parts got shape \(7,\); its last axis must divide into 3"):
        parts((7,), generator(), "float32")
    with pytest.raises(ConfigError, match=r"^filled_parts: it has no values"):
        i.filled_parts()


def test_plain_distributions():
    uniform = i.uniform(-1, 3)(DENSE, generator(), "float64")
    assert (uniform.min(), uniform.max()) == pytest.approx((-1, 3), abs=1e-3)
    assert (uniform.mean(), uniform.var()) == pytest.approx((1, 16 / 12), rel=0.01)
    normal = i.normal(1.0, 2.0)(DENSE, generator(), "float64")
    assert (normal.mean(), normal.var()) == pytest.approx((1, 4), rel=0.02)
    truncated = i.truncated_normal(1.0, 2.0)(DENSE, generator(), "float64")
    assert (truncated.mean(), truncated.std()) == pytest.approx((1, 2), rel=0.01)
    spread = 2 / truncnorm(-2, 2).std()
    assert kstest((truncated.ravel() - 1) / spread, truncnorm(-2, 2).cdf).pvalue > 0.01
    assert (i.zeros(DENSE, generator(), "float32") == 0).all()
    assert (i.ones(DENSE, generator(), "float32") == 1).all()
    assert (i.constant(2.5)(DENSE, generator(), "float32") == 2.5).all()


@pytest.mark.parametrize("shape", [(40, 40), (60, 20), (20, 60), (3, 3, 4, 10)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_orthogonal(shape, dtype, tolerance):
    values = i.orthogonal(2.0)(shape, generator(), dtype)
    assert values.shape == shape
    assert values.dtype == dtype
    matrix = values.reshape(-1, shape[-1]).astype(np.float64)
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, 4 * np.eye(matrix.shape[1]), atol=4 * tolerance)


def test_orthogonal_has_no_preferred_direction():
    random = generator()
    corners = [i.orthogonal()((3, 3), random, "float64")[0, 0] for _ in range(600)]
    assert abs(np.mean(corners)) < 0.1  # the plain Q of LAPACK has a mean of about -0.5
    assert np.var(corners) == pytest.approx(1 / 3, rel=0.15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_dtype_shape_and_the_same_bits_from_the_same_seed(name, dtype):
    first = ALL[name]((6, 4), generator(), dtype)
    again = ALL[name]((6, 4), generator(), dtype)
    assert first.dtype == dtype
    assert first.shape == (6, 4)
    assert first.flags.writeable
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize("name", sorted(set(ALL) - {"orthogonal", "filled_parts"}))
@pytest.mark.parametrize("shape", [(), (5,), (0, 3), (3, 0)])
def test_small_and_empty_shapes(name, shape):
    assert ALL[name](shape, generator(), "float32").shape == shape


def test_fans():
    assert i.fans(()) == (1, 1)
    assert i.fans((7,)) == (7, 7)
    assert i.fans((7, 5)) == (7, 5)
    assert i.fans((3, 2, 7, 5)) == (42, 30)


def test_initializers_compare_and_hash_by_their_fields():
    assert i.he_normal() == i.VarianceScaling(2.0, "fan_in", "normal")
    assert len({i.he_normal(), i.he_normal(), i.he_uniform()}) == 2


@pytest.mark.parametrize("name", ALL)
def test_other_dtypes_are_refused(name):
    with pytest.raises(DTypeError, match=r"an initializer got dtype int32; it draws float32 or float64"):
        ALL[name]((3, 3), generator(), "int32")


@pytest.mark.parametrize(
    ("shape", "middle"),
    [((3, 3, 4, 6), (1, 1)), ((5, 2, 3), (2,)), ((4, 1, 2, 2), (1, 0)), ((1, 1, 3, 3), (0, 0))],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_delta_orthogonal_is_an_isometry_in_the_middle_and_0_elsewhere(shape, middle, dtype, tolerance):
    kernel = i.delta_orthogonal(2.0)(shape, generator(), dtype)
    assert (kernel.shape, kernel.dtype) == (shape, dtype)
    matrix = kernel[middle].astype(np.float64)  # x @ matrix keeps lengths, times the gain
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(shape[-2]), atol=4 * tolerance)
    kernel[middle] = 0
    assert not kernel.any()


@pytest.mark.parametrize("shape", [(4, 6), (3, 3, 6, 4), (5,)])
def test_delta_orthogonal_needs_a_convolution_that_does_not_narrow(shape):
    with pytest.raises(ShapeError, match=r"delta_orthogonal got shape .*; it needs a kernel"):
        i.delta_orthogonal()(shape, generator(), "float32")


@pytest.mark.parametrize(
    ("shape", "middle"), [((3, 3, 4, 6), (1, 1)), ((2, 6, 4), (0,)), ((1, 1, 3, 3), (0, 0))]
)
def test_dirac_hands_the_inputs_on_beside_others(shape, middle):
    kernel = i.dirac()(shape, generator(), "float32")
    assert (kernel.shape, kernel.dtype) == (shape, "float32")
    inputs, outputs = shape[-2:]
    same = min(inputs, outputs)
    np.testing.assert_array_equal(kernel[middle][:, :same], np.eye(inputs, same, dtype=np.float32))
    kernel[middle][:, :same] -= np.eye(inputs, same, dtype=np.float32)
    assert not kernel[..., :same].any()
    assert np.abs(kernel).max(initial=0) <= 1 / np.sqrt(np.prod(shape[:-1]))
    assert kernel[..., same:].any() == (outputs > inputs)
    with pytest.raises(ShapeError, match="dirac got shape"):
        i.dirac()((3, 4), generator(), "float32")


def test_unit_variance_begins_orthogonal():
    assert np.array_equal(
        i.lsuv(3.0)((6, 4), generator(), "float32"), i.orthogonal()((6, 4), generator(), "float32")
    )


def test_orthogonal_needs_two_axes():
    with pytest.raises(ShapeError, match=r"orthogonal got shape \(3,\); it needs at least two axes"):
        i.orthogonal()((3,), generator(), "float32")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: i.constant(float("nan")), "constant: value is nan; it must be a finite number"),
        (lambda: i.constant(cast(Any, "1")), "constant: value is '1'; it must be a finite number"),
        (lambda: i.uniform(1, 1), "uniform: low is 1 and high is 1; low must be below high"),
        (lambda: i.uniform(cast(Any, "a"), 1), "uniform: low is 'a'; it must be a finite number"),
        (lambda: i.uniform(0, cast(Any, None)), "uniform: high is None; it must be a finite number"),
        (lambda: i.normal(0, -1), "normal: deviation is -1; it must be at least 0"),
        (lambda: i.normal(float("inf")), "normal: mean is inf; it must be a finite number"),
        (lambda: i.orthogonal(0), "orthogonal: gain is 0; it must be above 0"),
        (lambda: i.delta_orthogonal(-1), "delta_orthogonal: gain is -1; it must be above 0"),
        (lambda: i.lsuv(0), "lsuv: gain is 0; it must be above 0"),
        (lambda: i.VarianceScaling(0), "VarianceScaling: scale is 0; it must be above 0"),
        (
            lambda: i.VarianceScaling(1, "fan_inn"),
            "VarianceScaling: mode is 'fan_inn' (did you mean 'fan_in'?); it must be one of fan_in, fan_out, "
            "fan_average",
        ),
        (
            lambda: i.VarianceScaling(1, "fan_in", "gauss"),
            "VarianceScaling: distribution is 'gauss'; it must be one of normal, truncated_normal, uniform",
        ),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message
