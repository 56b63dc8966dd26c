import numpy as np
import pytest
from tests.doctor.programs import D, S, digits, examined, friedman, iris, noisy, wine

from chainrule.doctor.checks.split import _between, _by_chance, batch_size, duplicates, order, split_classes


def classes(data, **settings):
    model = S([D(int(data[1].max()) + 1)])
    return examined((model, data, {"loss": "cross_entropy"} | settings))


def test_sorted_data_that_are_split_at_the_end_lack_a_class():
    (found,) = split_classes(classes(iris(), validation=0.2, shuffle=False))
    assert found.severity == "problem"
    assert found.evidence["unknown"] == 0
    assert found.evidence["apart"] == pytest.approx(1 - 20 / 120)
    assert "validation has none of 0, 1" in found.said


def test_classes_that_are_never_trained_on_are_a_problem():
    x, y = iris()
    program = (S([D(3)]), (x[:100], y[:100]), {"loss": "cross_entropy", "validation": (x[90:], y[90:])})
    (found,) = split_classes(examined(program))
    assert found.severity == "problem"
    assert found.evidence["unknown"] == pytest.approx(50 / 60)


def test_a_random_split_is_none_however_small():
    x, y = digits(60)
    random = np.random.default_rng(0).permutation(60)
    held = (x[random[:12]], y[random[:12]])
    assert split_classes(classes((x[random[12:]], y[random[12:]]), validation=held)) == []


def test_chance_is_that_of_the_chi_squared_test():
    """Two classes, 20 of 40 and 30 of 40: χ² = 5.333 with one degree of freedom, p = 0.0209."""
    from scipy.stats import chi2_contingency

    for first, second in (([20, 20], [30, 10]), ([400, 100], [100, 400]), ([30, 1, 9], [2, 30, 9])):
        p = float(np.asarray(chi2_contingency(np.array([first, second]), correction=False)[1]))
        assert _by_chance(np.array(first), np.array(second)) == (p > 1e-6)
    assert _by_chance(np.array([5, 0]), np.array([3, 0]))


def test_validation_on_what_is_trained_on_is_a_problem():
    x, y = wine()
    (found,) = duplicates(classes((x, y), validation=(x[:40], y[:40])))
    assert found.severity == "problem"
    assert found.evidence == {"copied": 1.0, "usual": 0.0}


def test_rows_that_were_copied_before_the_split_are_a_problem():
    x, y = wine()
    twice = (np.vstack([x, x, x]), np.hstack([y, y, y]))
    (found,) = duplicates(classes(twice, validation=0.2))
    assert found.severity == "problem"


def test_some_copies_are_noted():
    x, y = digits()
    held = (np.vstack([x[400:], x[:10]]), np.hstack([y[400:], y[:10]]))
    (found,) = duplicates(classes((x[:400], y[:400]), validation=held))
    assert found.severity == "note"


def test_inputs_of_few_values_repeat_by_chance():
    random = np.random.default_rng(0)
    x = random.integers(0, 2, (200, 3)).astype(float)
    assert duplicates(classes((x, x[:, 0].astype(int)), validation=0.3)) == []
    hour = random.integers(0, 24, (90, 1)).astype(float)
    assert duplicates(classes((hour, (hour[:, 0] > 12).astype(int)), validation=0.3)) == []


def test_sorted_examples_that_are_not_shuffled_are_a_problem():
    (found,) = order(classes(iris(), shuffle=False, batch_size=25))
    assert found.severity == "problem"
    assert found.causes == ("no_shuffling",)
    assert found.evidence["between"] == pytest.approx(1)  # two batches of each class
    assert order(classes(iris(), batch_size=25)) == []
    x, y = friedman()
    rising = np.argsort(y)
    program = (S([D(1)]), (x[rising], y[rising]), {"loss": "mean_squared_error", "shuffle": False})
    (found,) = order(examined(program))
    assert found.evidence["between"] > 0.9 > 0.1 > found.evidence["between_if_shuffled"]


def test_the_share_between_batches_is_that_of_an_analysis_of_variance():
    y = np.array([[0.0], [0], [0], [6]])  # batch means 0 and 3, their variance 2.25, of 6.75 in all
    assert _between(y, 2) == pytest.approx(1 / 3)


def test_mixed_examples_need_no_shuffling():
    assert order(classes(digits(), shuffle=False)) == []
    program = (S([D(1)]), friedman(), {"loss": "mean_squared_error", "shuffle": False})
    assert order(examined(program)) == []


def test_a_batch_larger_than_the_data_is_noted():
    (found,) = batch_size(classes(iris(), batch_size=200, epochs=7000))
    assert found.severity == "note"
    assert "an epoch is a single step, and there are 7,000 in all" in found.said


def test_few_steps_by_large_batches_are_noted():
    (found,) = batch_size(classes(iris(), batch_size=64, epochs=20))
    assert "an epoch is 3 steps, and there are 60 in all" in found.said
    assert batch_size(classes(iris(), batch_size=150, epochs=1000)) == []
    assert batch_size(classes(iris(), batch_size=16, epochs=5)) == []


def test_wrong_labels_are_no_other_split():
    assert split_classes(classes(noisy(digits()), validation=0.2)) == []
