"""The examples of the programs: the same for the same settings, and what is wrong with them as it is said."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.doctor.data import DATA, IMAGE, SEQUENCE, TABLE, Examples, load

CLUSTERS, FRIEDMAN = Examples("clusters"), Examples("friedman")


def test_there_are_tables_images_sequences_classes_and_numbers():
    kinds = {(each.kind, each.classes > 0) for each in DATA.values()}
    assert kinds >= {(TABLE, True), (TABLE, False), (IMAGE, True), (SEQUENCE, True), (SEQUENCE, False)}
    assert len(DATA) >= 6


@pytest.mark.parametrize("name", DATA)
def test_the_same_settings_give_the_same_bits_and_another_seed_others(name):
    first = load(Examples(name))
    load.cache_clear()
    again, other = load(Examples(name)), load(Examples(name, seed=1))
    for one, same, another in (
        (first.train, again.train, other.train),
        (first.test, again.test, other.test),
    ):
        assert one.x.tobytes() == same.x.tobytes()
        assert one.y.tobytes() == same.y.tobytes()
        assert one.x.tobytes() != another.x.tobytes()
    assert (len(first.train.y), len(first.held_out.y), len(first.test.y)) == DATA[name].sizes
    assert first.train.x.dtype == np.float32
    assert len(np.unique(first.train.y)) == DATA[name].classes or not DATA[name].classes


@pytest.mark.parametrize("name", DATA)
def test_no_test_example_is_trained_on(name):
    parts = load(Examples(name))
    trained = {row.tobytes() for rows in (parts.train, parts.held_out) for row in rows.x}
    same = sum(row.tobytes() in trained for row in parts.test.x)
    assert same == 0


def test_tables_are_standardized_by_the_training_examples():
    x, y = load(FRIEDMAN).train.x, load(FRIEDMAN).train.y
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0), 1, rtol=1e-5)
    assert (y.mean(), y.std()) == pytest.approx((0, 1), abs=1e-5)


def test_labels_are_wrong_in_training_and_held_out_examples_alone():
    clean, noisy = load(CLUSTERS), load(replace(CLUSTERS, label_noise=0.3))
    for one, other in ((clean.train, noisy.train), (clean.held_out, noisy.held_out)):
        assert np.mean(one.y != other.y) == pytest.approx(0.3, abs=0.04)
        assert np.array_equal(one.x, other.x)
    assert np.array_equal(clean.test.y, noisy.test.y)


def test_odd_classes_are_rare_and_weights_make_up_for_it():
    rows = load(replace(CLUSTERS, imbalance=10.0, weighted=True)).train
    counts = np.bincount(rows.y)
    full = np.bincount(load(CLUSTERS).train.y)
    np.testing.assert_allclose(full / counts, [1, 10, 1, 10], rtol=0.02)
    assert rows.weight is not None
    np.testing.assert_allclose(
        [rows.weight[rows.y == each].sum() for each in range(4)], len(rows.y) / 4, rtol=1e-5
    )
    assert load(replace(CLUSTERS, imbalance=10.0)).train.weight is None


def test_missing_cells_stand_in_every_third_column_at_the_same_places():
    coded, imputed = (load(replace(CLUSTERS, missing=0.2, code=code)) for code in (-999.0, 0.0))
    for one, other in ((coded.train.x, imputed.train.x), (coded.test.x, imputed.test.x)):
        lost = one == -999
        assert lost[:, ::3].mean() == pytest.approx(0.2, abs=0.02)
        assert not lost[:, 1::3].any()
        assert not other[lost].any()
        assert np.array_equal(one[~lost], other[~lost])


def test_columns_spread_over_decades_and_lie_aside():
    plain, spread = (load(each).train.x for each in (CLUSTERS, replace(CLUSTERS, spread=3.0, offset=2.0)))
    factors = spread.std(0) / plain.std(0)
    assert sorted(np.log10(factors)) == pytest.approx(np.linspace(0, 3, 20), abs=1e-3)
    np.testing.assert_allclose(spread.mean(0) / spread.std(0), 2, rtol=1e-3)
    images = Examples("digit_images")
    np.testing.assert_allclose(
        load(replace(images, spread=2.0)).train.x, 100 * load(images).train.x, rtol=1e-5
    )


def test_targets_have_the_scale_and_the_offset_that_is_asked_for():
    y = load(replace(FRIEDMAN, target_scale=100.0, target_offset=3.0)).train.y
    assert (y.mean(), y.std()) == pytest.approx((300, 100), rel=1e-3)


@pytest.mark.parametrize(("blocks", "falls"), [(1, 0), (4, 3)])
def test_training_examples_are_sorted_in_blocks(blocks, falls):
    y = load(replace(CLUSTERS, sorted_in=blocks)).train.y
    assert np.sum(np.diff(y) < 0) == falls
    assert np.array_equal(np.sort(y), np.sort(load(CLUSTERS).train.y))


def test_fewer_examples_are_the_first_of_all():
    few, all_of_them = load(replace(CLUSTERS, count=200)), load(CLUSTERS)
    assert np.array_equal(few.train.y, all_of_them.train.y[:200])
    assert replace(CLUSTERS, count=200).training_count == 200
    assert replace(CLUSTERS, count=9999).training_count == 3000
