"""The plane: filters as long as the network's, and the principal components of a path."""

import numpy as np
import pytest

from chainrule.doctor.landscape.directions import path_plane, random_plane
from chainrule.errors import DataError

RANDOM = np.random.default_rng(0)
CENTRE = {
    "dense.weight": RANDOM.normal(size=(4, 3)).astype(np.float32) * np.array([1, 10, 0], np.float32),
    "dense.bias": RANDOM.normal(size=3).astype(np.float32),
    "conv.weight": RANDOM.normal(size=(3, 3, 2, 5)),
    "norm.scale": np.ones(3),
}


def test_filters_of_the_directions_are_as_long_as_those_of_the_network():
    plane = random_plane(CENTRE, 0)
    for direction in (plane.first, plane.second):
        for unit in range(3):
            wanted = np.linalg.norm(CENTRE["dense.weight"][:, unit])
            assert np.linalg.norm(direction["dense.weight"][:, unit]) == pytest.approx(wanted, rel=1e-6)
        for each in range(5):
            wanted = np.linalg.norm(CENTRE["conv.weight"][..., each])
            assert np.linalg.norm(direction["conv.weight"][..., each]) == pytest.approx(wanted)
        assert not direction["dense.bias"].any()
        assert not direction["norm.scale"].any()
    assert abs((plane.first["conv.weight"] * plane.second["conv.weight"]).sum()) < 0.5 * 90
    assert plane.path is None


def test_the_seed_draws_the_directions():
    one, same, other = (random_plane(CENTRE, seed).first["conv.weight"] for seed in (3, 3, 4))
    assert (one == same).all()
    assert (one != other).all()


def test_points_of_the_plane():
    plane = random_plane(CENTRE, 0)
    there = plane.at(0.5, -2.0)
    for name, array in CENTRE.items():
        assert there[name].dtype == array.dtype
        expected = array + 0.5 * plane.first[name] - 2 * plane.second[name]
        np.testing.assert_allclose(there[name], expected, rtol=1e-5, atol=1e-6)
    assert all((plane.at(0, 0)[name] == CENTRE[name]).all() for name in CENTRE)


def test_a_path_in_a_plane_is_kept_whole():
    """Points made of two known directions: they are found again, whatever the axes are called."""
    one, two = ({name: RANDOM.normal(size=a.shape) for name, a in CENTRE.items()} for _ in range(2))
    steps = [(5.0, 1.0), (3.0, -2.0), (1.0, -1.0), (0.0, 0.0)]
    path = [{n: CENTRE[n] + a * one[n] + b * two[n] for n in CENTRE} for a, b in steps]
    plane = path_plane(CENTRE, path)
    assert plane.path is not None
    assert plane.kept == pytest.approx(1)
    for point, (a, b) in zip(path, plane.path, strict=True):
        for name in CENTRE:
            found = CENTRE[name] + a * plane.first[name] + b * plane.second[name]
            np.testing.assert_allclose(found, point[name], atol=1e-6)
    assert (plane.path[0] >= 0).all()
    flat = [np.concatenate([d[name].ravel() for name in CENTRE]) for d in (plane.first, plane.second)]
    np.testing.assert_allclose(np.array(flat) @ np.array(flat).T, np.eye(2), atol=1e-6)
    assert np.abs(plane.path[:, 0]).max() > np.abs(plane.path[:, 1]).max()  # the longer axis is the first


def test_components_are_those_of_a_singular_value_decomposition():
    path = [{name: a + RANDOM.normal(size=a.shape) for name, a in CENTRE.items()} for _ in range(6)]
    plane = path_plane(CENTRE, path)
    matrix = np.stack([np.concatenate([(p[n] - CENTRE[n]).ravel() for n in CENTRE]) for p in path])
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    assert plane.path is not None
    np.testing.assert_allclose(np.abs(plane.path), np.abs(u[:, :2] * s[:2]), rtol=1e-6)
    first = np.concatenate([plane.first[name].ravel() for name in CENTRE])
    np.testing.assert_allclose(np.abs(first), np.abs(v[0]), rtol=1e-5, atol=1e-8)
    assert plane.kept == pytest.approx((s[:2] ** 2).sum() / (s**2).sum())


def test_what_spans_no_plane_is_refused():
    away = {name: a + 1.0 for name, a in CENTRE.items()}
    farther = {name: a + 2.0 for name, a in CENTRE.items()}
    for path in ([], [away], [away, CENTRE], [away, farther, CENTRE], [CENTRE, CENTRE]):
        with pytest.raises(DataError, match="too few weights that do not lie on one line"):
            path_plane(CENTRE, path)
    with pytest.raises(DataError, match="no trained array has two axes"):
        random_plane({"scale": np.ones(3)}, 0)
