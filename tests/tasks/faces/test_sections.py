"""The report of faces: what the pages show of pairs, scores and people."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from chainrule.tasks.faces.sections import sections_of

FIGURES = {"equal_error_rate": 0.05, "area_under_roc": 0.99, "true_accepts_at_1_percent": 0.8}
WORSE = {"equal_error_rate": 0.2, "area_under_roc": 0.9, "true_accepts_at_1_percent": 0.5}


def pair(rows, people, score):
    return {"rows": rows, "images": [f"{row}.png" for row in rows], "people": people, "score": score}


@pytest.fixture
def evaluation():
    return {
        "metrics": FIGURES,
        "baseline": WORSE,
        "baseline_is": "cosine of pixels",
        "baselines": {"cosine of pixels": WORSE},
        "people": ["ann", "bob", "<cem>"],
        "threshold": 0.5,
        "closest": [pair([0, 2], ["ann", "bob"], 0.625), pair([1, 4], ["ann", "<cem>"], 0.25)],
        "farthest": [pair([2, 3], ["bob", "bob"], -0.125)],
    }


@pytest.fixture
def pictures():
    return {
        "scores": np.array([0.9, 0.8, 0.3, 0.6, 0.2, 0.1], np.float32),
        "same": np.array([1, 1, 1, 0, 0, 0], np.uint8),
        "closest": np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 6, 4, 1), np.uint8),
        "farthest": np.full((2, 6, 4, 1), 9, np.uint8),
        "augmented": np.full((12, 6, 4, 1), 7, np.uint8),
        "points": np.array([[0.0, 1], [2, 3], [4, 5]], np.float32),
        "labels": np.array([0, 1, 2], np.int32),
    }


def drawn(html):
    """The figures of some HTML, as plotly takes them."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    return [json.loads(each) for each in found]


def tiles(html):
    """The pixels of the pictures in some HTML."""
    found = re.findall(r"data:image/png;base64,([^\"]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in found]


def test_the_network_stands_beside_every_baseline(evaluation):
    (page,) = sections_of(evaluation, {})
    assert "The baseline predicts by cosine of pixels." in page
    assert re.search(r"this network</th><td>5.00 %</td><td>99.00 %</td><td>80.00 %", page)
    assert re.search(r"cosine of pixels</th><td>20.00 %", page)


def test_accepted_pairs_are_drawn_over_a_logarithmic_axis(evaluation, pictures):
    accepted, scores = drawn(sections_of(evaluation, pictures)[0])
    assert accepted["layout"]["xaxis"]["type"] == "log"
    (line,) = accepted["data"]
    np.testing.assert_allclose(line["x"], [1 / 3, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(line["y"], [2 / 3, 1, 1, 1])
    assert [each["name"] for each in scores["data"]] == ["different people", "same person"]
    assert all(sum(each["y"]) == pytest.approx(1) for each in scores["data"])
    assert [each["x0"] for each in scores["layout"]["shapes"]] == [0.5]


def test_a_hard_pair_is_one_picture_of_both(evaluation, pictures):
    hardest = sections_of(evaluation, pictures)[1]
    first, second, third = tiles(hardest)
    assert first.shape == (6, 8)
    for tile, left, right in ((first, 0, 1), (second, 2, 3), (third, 9, 9)):
        assert (tile[:, :4] == left).all()
        assert (tile[:, 4:] == right).all()
    assert "<b>ann and bob</b><small>cosine 0.62</small>" in hardest
    assert "<b>ann and &lt;cem&gt;</b>" in hardest
    assert "<b>bob</b>" in hardest
    assert 'title="2.png beside 3.png"' in hardest


def test_people_lie_in_the_plane_by_name(evaluation, pictures):
    *_, seen, plane = sections_of(evaluation, pictures)
    assert len(tiles(seen)) == 12
    (figure,) = drawn(plane)
    assert [each["name"] for each in figure["data"]][:2] == ["ann", "bob"]
    assert "<cem>" not in plane
    without = pictures | {"points": np.zeros((3, 2), np.float32)}
    assert "How it tells people apart" not in "".join(sections_of(evaluation, without))
