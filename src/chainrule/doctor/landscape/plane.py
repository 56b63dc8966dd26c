"""The loss on a plane in the space of all weights, around those of a trained network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.calls import naming_settings
from chainrule.data import Arrays
from chainrule.doctor.landscape.curvature import Sharpness, sample_of, sharpness_at
from chainrule.doctor.landscape.directions import Plane, path_plane, random_plane
from chainrule.doctor.landscape.path import TrainingPath
from chainrule.errors import ConfigError, DataError
from chainrule.training import Run

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MARGIN = 0.25  # of the path's extent, on each side of it


@dataclass(frozen=True, eq=False)
class PathOnPlane:
    """Where the weights of training lie on the plane of a landscape.

    epochs: (points,), 0 for the start. places: (points, 2), along the two directions. losses: (points,), at
    the weights themselves, over the same sample; the plane below a place has another. kept: the share of the
    squared distances from the centre that lies in the plane: 1 where the path lies in it altogether.
    """

    epochs: tuple[int, ...]
    places: np.ndarray
    losses: np.ndarray
    kept: float


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss on a plane through the weights of a run, which are at (0, 0).

    first, second: (size,), places along both directions: of a plane with a path distances in the space of all
    weights, of one without 1 is a step as long as the weights, filter by filter. losses: (size, size), over
    the sample and without penalties, the second direction along the first axis; infinite or NaN where the
    network broke down. path: of training, or None. sharpness: at (0, 0).
    """

    first: np.ndarray
    second: np.ndarray
    losses: np.ndarray
    sharpness: Sharpness
    path: PathOnPlane | None = None

    def plot(self) -> "Figure":
        """The landscape as a plotly figure: contours of the loss, and the path of training on them."""
        from chainrule.doctor.landscape.figure import landscape_figure, title_of

        return landscape_figure(self).update_layout(title=title_of(self), margin_t=60)

    def to_plain(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain: dict[str, Any] = {
            "first": self.first.tolist(),
            "second": self.second.tolist(),
            "losses": self.losses.tolist(),
            "sharpness": asdict(self.sharpness),
        }
        if self.path is not None:
            plain["path"] = {
                "epochs": list(self.path.epochs),
                "places": self.path.places.tolist(),
                "losses": self.path.losses.tolist(),
                "kept": self.path.kept,
            }
        return plain

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Landscape":
        """What `to_plain` wrote, with NaN for null; KeyError, TypeError or ValueError for what it did not."""
        first, second = _numbers(plain["first"]), _numbers(plain["second"])
        losses = _numbers(plain["losses"]).reshape(len(second), len(first))
        path = None
        if "path" in plain:
            given = plain["path"]
            epochs = tuple(int(epoch) for epoch in given["epochs"])
            places = _numbers(given["places"]).reshape(len(epochs), 2)
            of_path = _numbers(given["losses"]).reshape(len(epochs))
            path = PathOnPlane(epochs, places, of_path, float(given["kept"]))
        return Landscape(first, second, losses, Sharpness(**plain["sharpness"]), path)


@naming_settings()
def loss_landscape(
    run: Run,
    data: Any = None,
    *,
    path: TrainingPath | None = None,
    size: int = 25,
    reach: float = 1.0,
    examples: int | None = None,
    seed: int = 0,
) -> Landscape:
    """The loss on a plane through the weights of a run, with the path of training and the sharpness there.

    With a path the plane is the one that holds most of it, along its first two principal components. Without
    one it goes along two random directions, normalized filter by filter; a path could not be seen in them,
    because it is nearly at right angles to both (Li et al. 2018, arXiv:1712.09913, sections 4 and 7).
    The loss is measured by the forward pass as in prediction: without dropout, with the statistics that
    BatchNorm has kept, and without penalties. A plane is two directions out of as many as there are weights:
    what looks like a minimum on it may be none, which the smallest eigenvalue of the sharpness tells.

    data: (x, y) or a source, as in training; None: what the run was trained on, if the run or the path has
    it in memory.
    path: the listener that heard the run train. size: places along each direction, at least 3; the cost is
    size² forward passes over the sample. reach: without a path, how far the plane goes in each direction,
    above 0, where 1 is as far as the weights are long; with a path it is where the path is, and a quarter
    more. examples, seed: as of `hessian_of`; seed also draws the directions.
    Raises as `sharpness`; DataError for a path that spans no plane or is of another network; ConfigError.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size < 3:
        raise ConfigError(f"size is {size!r}", remedy="give a whole number, at least 3")
    if isinstance(reach, bool) or not isinstance(reach, int | float) or not 0 < reach < np.inf:
        raise ConfigError(f"reach is {reach!r}", remedy="give a number above 0, such as 1")
    if data is None and run.going_on is None and path is not None and path.data is not None:
        data = path.data.source
    sample = sample_of(run, data, examples, seed)
    at_centre = sharpness_at(run, sample, seed)
    centre = {value.name: run.parameters[value.name] for value in _trained(run, sample)}
    if path is None:
        plane = random_plane(centre, seed)
        first = second = np.linspace(-reach, reach, size)
        on_plane = None
    else:
        plane, on_plane = _along(run, centre, path, sample)
        first, second = (np.linspace(*_extent(places), size) for places in on_plane.places.T)
    losses = np.array([[_loss(run, plane.at(a, b), sample) for a in first] for b in second])
    return Landscape(first, second, losses, at_centre, on_plane)


def _along(
    run: Run, centre: Mapping[str, np.ndarray], path: TrainingPath, sample: Arrays
) -> tuple[Plane, PathOnPlane]:
    """The plane of a path, and the path on it. Weights of a network that has changed since are left out."""
    shapes = {name: array.shape for name, array in centre.items()}
    fitting = [
        (epoch, weights)
        for epoch, weights in zip(path.epochs, path.weights, strict=True)
        if {name: weights[name].shape for name in shapes if name in weights} == shapes
    ]
    if path.epochs and not fitting:
        raise DataError(
            "the path is of another network than the run",
            remedy="give the listener that heard this run train",
        )
    plane = path_plane(centre, [weights for _, weights in fitting])
    assert plane.path is not None
    assert plane.kept is not None
    losses = np.array([_loss(run, weights, sample) for _, weights in fitting])
    return plane, PathOnPlane(tuple(epoch for epoch, _ in fitting), plane.path, losses, plane.kept)


def _trained(run: Run, sample: Arrays) -> Any:
    """The values of the parameters that training changes."""
    return run.programs.forward(sample.inputs, 1, raw=True).parameters


def _loss(run: Run, weights: Mapping[str, np.ndarray], sample: Arrays) -> float:
    """The mean loss with these weights; what they do not have is as the run has it."""
    _, loss = run.programs.predict({**run.parameters, **weights}, sample)
    return float("nan") if loss is None else loss


def _extent(places: np.ndarray) -> tuple[float, float]:
    """What an axis shows: the path and the centre, with a margin."""
    low, high = min(float(places.min()), 0.0), max(float(places.max()), 0.0)
    margin = _MARGIN * (high - low)
    return low - margin, high + margin


def _numbers(values: Any) -> np.ndarray:
    return np.array(values, dtype=np.float64)
