"""Which found objects are true, and how good they are: examples worked by hand."""

import numpy as np
import pytest

from chainrule.tasks.detect.evaluate import Truth, _confusion
from chainrule.tasks.detect.figures import average_precisions, best_threshold, matches, rates
from chainrule.tasks.detect.found import Objects


def found(*each):
    """Objects of (score, class, left, width), all 10 high."""
    boxes = np.array([[left, 0, left + width, 10] for _, _, left, width in each], np.float64).reshape(-1, 4)
    return Objects(boxes, np.array([e[0] for e in each], float), np.array([e[1] for e in each], np.int64))


def truth(*each):
    boxes = np.array([[left, 0, left + width, 10] for _, left, width in each], np.float64).reshape(-1, 4)
    return Truth(boxes, np.array([e[0] for e in each], np.int64))


def test_each_true_object_counts_once_for_the_likeliest_of_its_class():
    said = found((0.9, 0, 0, 10), (0.8, 0, 1, 10), (0.7, 1, 20, 10), (0.6, 0, 40, 10), (0.5, 0, 23, 10))
    true = truth((0, 0, 10), (0, 20, 10), (0, 41, 10))
    assert matches(said, true).tolist() == [0, -1, -1, 2, 1]
    assert matches(said, true, of_a_class=False).tolist() == [0, -1, 1, 2, -1]
    assert matches(said, truth()).tolist() == [-1] * 5
    precision, recall, f1 = rates([said, found()], [true, truth((1, 0, 5))])
    assert (precision, recall, f1) == pytest.approx((3 / 5, 3 / 4, 6 / 9))


def test_the_threshold_has_the_best_f1():
    """F1 of the first n: 2/4, 2/5, 4/6, 4/7: the third score."""
    said = found((0.9, 0, 0, 10), (0.8, 0, 100, 10), (0.7, 0, 20, 10), (0.6, 0, 200, 10))
    true = truth((0, 0, 10), (0, 20, 10), (0, 300, 10))
    assert best_threshold([said], [true]) == 0.7
    assert best_threshold([found()], [true]) == 0.5


def test_average_precision_is_that_of_101_recalls():
    """Class 0: true, false, true of two objects: precision 1 up to recall ½, 2/3 to 1. Class 1 is missed."""
    said = found((0.9, 0, 0, 10), (0.8, 0, 100, 10), (0.7, 0, 20, 10))
    true = truth((0, 0, 10), (0, 20, 10), (1, 50, 10))
    measured = average_precisions([said], [true], 3)
    assert measured.at_50[0] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert measured.at_all[0] == pytest.approx(measured.at_50[0])  # the boxes are exact
    assert measured.at_50[1] == 0
    assert np.isnan(measured.at_50[2])  # there is none of this class
    assert measured.curves[0][:51] == pytest.approx([1] * 51)


def test_boxes_that_are_off_count_for_smaller_overlaps_alone():
    """IoU 8/12 counts at 0.5, 0.55, 0.6 and 0.65: four of ten."""
    measured = average_precisions([found((0.9, 0, 2, 10))], [truth((0, 0, 10))], 1)
    assert measured.at_50 == pytest.approx([1])
    assert measured.at_all == pytest.approx([0.4])


def test_confusion_has_a_row_and_a_column_of_nothing():
    said = found((0.9, 1, 0, 10), (0.8, 0, 20, 10), (0.7, 0, 100, 10), (0.1, 0, 41, 10))
    true = truth((0, 0, 10), (0, 20, 10), (1, 40, 10))
    assert _confusion([said], [true], 2, 0.5) == [[1, 1, 0], [0, 0, 1], [1, 0, 0]]
