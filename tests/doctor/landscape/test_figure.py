"""The figure: what is drawn where, and by the logarithm of losses that span decades."""

from typing import Any

import numpy as np
import pytest

from chainrule.doctor import Landscape, PathOnPlane, Sharpness
from chainrule.doctor.landscape.figure import landscape_figure

AXIS = np.linspace(-1, 1, 5)
BOWL = 0.01 + AXIS[:, None] ** 2 + AXIS**2
PATH = PathOnPlane((0, 4), np.array([[0.9, 0.5], [0.0, 0.0]]), np.array([1.1, 0.01]), 0.98)
ENDS = Sharpness(0.01, 1e-3, 12.34, -0.5, 1024)


def landscape(losses: np.ndarray, path: PathOnPlane | None = None) -> Landscape:
    return Landscape(AXIS, 2 * AXIS, losses, ENDS, path)


def figure_of(landscape: Landscape) -> Any:
    """Its parts are only known when it is drawn."""
    return landscape_figure(landscape)


def test_losses_over_decades_are_drawn_by_their_logarithm():
    contour = figure_of(landscape(BOWL)).data[0]
    np.testing.assert_allclose(contour.z, np.log10(BOWL))
    np.testing.assert_allclose(contour.customdata, BOWL)  # what the pointer shows is the loss
    assert contour.colorbar.ticktext == ("0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2")
    assert contour.x == tuple(AXIS)
    assert contour.y == tuple(2 * AXIS)


@pytest.mark.parametrize("losses", [1 + BOWL, BOWL - 1, np.ones((5, 5))], ids=["narrow", "negative", "flat"])
def test_other_losses_are_drawn_as_they_are(losses: np.ndarray):
    contour = figure_of(landscape(losses)).data[0]
    np.testing.assert_allclose(contour.z, losses)
    assert contour.colorbar.ticktext is None


def test_a_loss_that_is_not_finite_is_a_gap():
    losses = 1 + BOWL
    losses[0, 1], losses[2, 3] = np.inf, np.nan
    z = figure_of(landscape(losses)).data[0].z
    assert z[0][1] is None
    assert z[2][3] is None
    assert figure_of(landscape(np.full((5, 5), np.nan))).data[0].z[0] == [None] * 5


def test_the_path_is_drawn_on_it_and_the_run_in_the_middle():
    figure = figure_of(landscape(BOWL, PATH))
    line = next(each for each in figure.data if each.name == "path of training")
    assert line.x == (0.9, 0.0)
    assert line.y == (0.5, 0.0)
    assert line.customdata[0] == [0, 1.1]
    star = figure.data[-1]
    assert (star.x, star.y, star.marker.symbol) == ((0.0,), (0.0,), "star")
    assert "principal component" in figure.layout.xaxis.title.text
    plain = figure_of(landscape(BOWL))
    assert "random direction" in plain.layout.xaxis.title.text
    assert len(plain.data) == 2


def test_plot_says_the_sharpness():
    figure: Any = landscape(BOWL, PATH).plot()
    assert figure.layout.title.text == "loss 0.0100, sharpness 12.3, smallest curvature −0.500"
