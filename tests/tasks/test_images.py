"""What tasks on images share: how images are split, what is said of new ones, names of drawn pictures."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.data.images import open_images
from chainrule.errors import ConfigError
from chainrule.tasks.images import counted_parts, drawn_names, open_new_images, softmax, split_in_parts


def images(count=40):
    pixels = np.zeros((count, 4, 4, 1), np.uint8)
    return open_images((pixels, np.arange(count) % 4 == 0))


def with_parts(parts):
    return replace(images(max(len(parts), 8)).take(np.arange(len(parts))), parts=np.array(parts, "U10"))


def test_every_image_is_in_one_part_and_shares_are_of_all_images():
    rows = split_in_parts(images(), 0.25, 0.15, seed=0)
    assert {part: len(each) for part, each in rows.items()} == {"train": 24, "validation": 6, "test": 10}
    assert sorted(np.concatenate([*rows.values()])) == list(range(40))
    assert counted_parts(rows) == "24 to train on, 6 to validate, 10 held out"
    again = split_in_parts(images(), 0.25, 0.15, seed=0)
    assert all(np.array_equal(rows[part], again[part]) for part in rows)
    assert not np.array_equal(rows["test"], split_in_parts(images(), 0.25, 0.15, seed=1)["test"])


def test_parts_that_the_source_gives_stay():
    given = with_parts(["train"] * 20 + ["validation"] * 5 + ["test"] * 10 + [""] * 5)
    rows = split_in_parts(given, 0.5, 0.5, seed=0)
    assert rows["test"].tolist() == list(range(25, 35))
    assert rows["validation"].tolist() == list(range(20, 25))
    assert sorted(rows["train"]) == [*range(20), *range(35, 40)]


def test_of_a_given_test_part_the_share_for_validation_is_of_the_rest():
    rows = split_in_parts(with_parts(["train"] * 20 + ["test"] * 20), 0.5, 0.25, seed=0)
    assert (len(rows["train"]), len(rows["validation"])) == (15, 5)


def test_without_validation_there_is_none_and_a_single_image_is_not_split():
    assert not len(split_in_parts(images(), 0.25, 0.0, seed=0)["validation"])
    rows = split_in_parts(with_parts(["train", "test"]), 0.5, 0.25, seed=0)
    assert {part: len(each) for part, each in rows.items()} == {"train": 1, "validation": 0, "test": 1}


def test_labels_have_equal_shares_in_all_parts():
    labels = images().class_numbers()
    rows = split_in_parts(images(), 0.25, 0.25, seed=0, labels=labels)
    assert {part: int(labels[each].sum()) for part, each in rows.items()} in (
        {"train": 5, "validation": 2, "test": 3},
        {"train": 5, "validation": 3, "test": 2},
    )


def test_probabilities_sum_to_one_along_the_last_axis():
    x = np.array([[[0.0, np.log(3.0)]], [[1000.0, 1000.0]]])
    np.testing.assert_allclose(softmax(x), [[[0.25, 0.75]], [[0.5, 0.5]]])


def test_without_a_source_there_is_nothing_to_predict():
    with pytest.raises(ConfigError, match="there are no images to predict; name a folder of images"):
        open_new_images(None, print)


def test_drawn_pictures_have_names_of_their_own(tmp_path):
    paths = tuple(str(tmp_path / name) for name in ("a/1.jpg", "a/1.png", "b/1.png"))
    named = replace(images(8).take(np.arange(3)), paths=paths, source=str(tmp_path))
    assert drawn_names(named) == ["a/1.jpg.png", "a/1.png.png", "b/1.png"]
    assert drawn_names(images(8))[:2] == ["0.png", "1.png"]
