"""Reading images between their pixels, beside SciPy's map_coordinates."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from chainrule.backprop import check_direction
from chainrule.errors import ConfigError, ShapeError
from chainrule.executors import EXECUTORS
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

MODES = {"reflect": "mirror", "nearest": "nearest", "zeros": "grid-constant"}


@pytest.fixture(params=EXECUTORS)
def executor(request):
    chosen = EXECUTORS[request.param]
    if reason := chosen.missing():
        pytest.skip(reason[0])
    return chosen.compile


def arrays(height=5, width=7):
    """Images, and places that lie far outside, too."""
    random = np.random.default_rng(0)
    x = random.normal(size=(2, height, width, 3)).astype("float32")
    rows, columns = (random.uniform(-2 * n, 3 * n, (2, 4, 6)).astype("float32") for n in (height, width))
    return {"x": x, "rows": rows, "columns": columns}


def sampled(executor, given, **settings):
    trace = Trace()
    tensors = [trace.input(name, array.shape, array.dtype.name) for name, array in given.items()]
    program = trace.program({"y": f.sample(*tensors, **settings)})
    return executor(program).run({}, given)["y"]


@pytest.mark.parametrize("size", [(5, 7), (1, 4), (2, 2)])
@pytest.mark.parametrize("edge", MODES)
@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_places_are_read_as_scipy_reads_them(executor, method, edge, size):
    given = arrays(*size)
    order = {"nearest": 0, "linear": 1}[method]
    expected = np.empty((2, 4, 6, 3))
    for image, channel in np.ndindex(2, 3):
        places = [given["rows"][image], given["columns"][image]]
        expected[image, ..., channel] = map_coordinates(
            given["x"][image, ..., channel], places, order=order, mode=MODES[edge]
        )
    found = sampled(executor, given, method=method, edge=edge)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("edge", MODES)
def test_bytes_are_moved_as_they_are(executor, edge):
    given = arrays()
    given["x"] = np.arange(2 * 5 * 7 * 3, dtype="uint8").reshape(2, 5, 7, 3)
    found = sampled(executor, given, method="nearest", edge=edge)
    floats = sampled(executor, given | {"x": given["x"].astype("float32")}, method="nearest", edge=edge)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, floats)


@pytest.mark.parametrize("edge", MODES)
def test_the_derivative_reaches_images_and_places(edge):
    given = arrays()

    def loss(x, rows, columns):
        return f.sin(f.sample(x, rows, columns, edge=edge))

    # Away from where a place passes a pixel: there the slope jumps.
    places = {n: np.floor(given[n]) + 0.1 + 0.8 * (given[n] % 1) for n in ("rows", "columns")}
    varied = [array.astype("float64") for array in (given["x"], *places.values())]
    check_direction(loss, varied, lambda program, inputs: compile_numpy(program).run({}, inputs))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"method": "cubic"}, ConfigError, "method is 'cubic'; give one of linear, nearest"),
        ({"edge": "wrap"}, ConfigError, "edge is 'wrap'; give one of reflect, nearest, zeros"),
    ],
)
def test_unknown_settings_are_refused(settings, error, words):
    trace = Trace()
    x, places = trace.input("x", (2, 4, 4, 1)), trace.input("places", (2, 3, 3))
    with pytest.raises(error, match=words):
        f.sample(x, places, places, **settings)


def test_shapes_that_do_not_fit_are_refused():
    trace = Trace()
    x, places = trace.input("x", (2, 4, 4, 1)), trace.input("places", (3, 3, 3))
    with pytest.raises(ShapeError, match=r"sample got x \(2, 4, 4, 1\), rows \(3, 3, 3\)"):
        f.sample(x, places, places)
