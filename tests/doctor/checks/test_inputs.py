import numpy as np
import pandas as pd
from sklearn import datasets
from tests.doctor.programs import D, S, arrays, cancer, digits, examined, friedman, wine

from chainrule import nn
from chainrule.doctor.checks.inputs import constant_inputs, input_scale, missing_marks, outliers


def classes(data, model=None, **settings):
    model = S([D(16, "relu"), D(3)]) if model is None else model
    return examined((model, data, {"loss": "cross_entropy", "epochs": 50} | settings))


def test_raw_columns_of_very_different_sizes_are_a_problem_where_scaling_helps():
    (found,) = input_scale(classes(arrays(datasets.load_wine(return_X_y=True))))
    assert found.severity == "problem"
    assert found.causes == ("unscaled_inputs",)
    assert found.evidence["learned_mended"] > 0.5 > found.evidence["learned"]
    assert "with mended inputs" in found.said


def test_tiny_inputs_are_a_problem():
    x, y = wine()
    (found,) = input_scale(classes((x / 1000, y)))
    assert found.severity == "problem"


def test_large_inputs_that_a_layer_scales_are_none():
    raw = arrays(datasets.load_wine(return_X_y=True))
    assert input_scale(classes(raw, S([nn.BatchNorm(), D(3)]))) == []
    assert input_scale(classes(raw, S([nn.LayerNorm(), D(3)]))) == []
    scaled = nn.Standardize.of(raw[0].astype(np.float32))
    assert input_scale(classes(raw, S([scaled, D(16, "relu"), D(3)]))) == []


def test_large_inputs_that_do_no_harm_are_passed_by():
    x, y = digits()
    assert input_scale(classes((16 * x, y), S([D(32, "relu"), D(10)]))) == []


def test_what_can_not_be_tried_is_noted():
    x, y = digits()
    pixels = (255 * x).astype(np.uint8)
    (found,) = input_scale(classes((pixels, y), S([D(32, "relu"), D(10)])))
    assert found.severity == "note"


def test_constant_columns_are_noted_and_constant_inputs_a_problem():
    x, y = wine()
    (found,) = constant_inputs(classes((np.hstack([x, np.full((len(x), 1), 7.0)]), y)))
    assert found.severity == "note"
    assert found.evidence == {"columns": {"column 13": 7.0}}
    (found,) = constant_inputs(classes((np.ones_like(x), y)))
    assert found.severity == "problem"


def test_a_named_column_of_zeros_is_noted_and_the_edge_of_images_is_not():
    x, y = wine()
    frame = pd.DataFrame(x[:, :3], columns=["a", "b", "c"]).assign(d=0.0)
    (found,) = constant_inputs(classes((frame, y)))
    assert found.evidence == {"columns": {"d": 0.0}}
    assert constant_inputs(classes(digits(), S([D(10)]))) == []


def test_a_number_that_stands_for_missing_values_is_seen():
    x, y = cancer()
    x = x.copy()
    x[np.random.default_rng(0).random(len(x)) < 0.1, 3] = -9999
    (found,) = missing_marks(classes((x, y), S([D(16, "relu"), D(2)])))
    assert found.evidence["columns"] == {"column 3": -9999.0}
    assert found.causes[0] == "constant_or_broken_inputs"
    assert outliers(classes((x, y), S([D(16, "relu"), D(2)]))) == []


def test_frequent_zeros_and_numbers_that_are_rare_are_no_marks():
    random = np.random.default_rng(0)
    x, y = friedman()
    counts = random.poisson(0.3, len(x))
    twice = np.where(np.arange(len(x)) == 5, 40.0, x[:, 0])
    given = np.hstack([x, counts[:, None], twice[:, None], (counts[:, None] > 0).astype(float)])
    program = (S([D(1)]), (given, y), {"loss": "mean_squared_error"})
    assert missing_marks(examined(program)) == []


def test_values_far_off_are_seen():
    x, y = cancer()
    x = x.copy()
    x[7, 2] = 1e5
    (found,) = outliers(classes((x, y), S([D(16, "relu"), D(2)])))
    assert list(found.evidence["columns"]) == ["column 2"]
    assert "column 2" in found.said


def test_heavy_tails_are_at_most_noted():
    random = np.random.default_rng(0)
    x = random.lognormal(0, 1.5, (600, 3))
    y = (np.log(x).sum(1) > 0).astype(int)
    found = outliers(classes((x / x.std(0), y), S([D(16, "relu"), D(2)])))
    assert all(each.severity == "note" for each in found)
