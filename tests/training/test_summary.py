"""A run prints in a few lines, whatever its size, and safely in notebooks."""

import pytest
from tests.training.helpers import classification, points

from chainrule import nn
from chainrule.data import as_arrays
from chainrule.training import Run, train_recipe
from chainrule.training.summary import as_html


def trained(validation: bool = True, **settings) -> Run:
    held_out = as_arrays(points(20, seed=3)) if validation else None
    return train_recipe(classification(**settings), as_arrays(points()), held_out)


def test_a_run_prints_what_it_is_and_how_well_it_does():
    run = trained(epochs=2)
    best = run.history[run.best_epoch - 1]
    assert repr(run).splitlines() == [
        "Run",
        "  model       Sequential([Dense(6, activation='tanh'), Dropout(0.2), Dense(3)])",
        "  loss        SoftmaxCrossEntropy()",
        "  optimizer   Chain([ScaleByAdam(), ScaleByLearningRate(0.001)])",
        "  parameters  51 (float32)",
        f"  epochs      2 of 2, all were done; best: {run.best_epoch}",
        f"  epoch {run.best_epoch}     loss {best['loss']:.4g}, "
        f"validation loss {best['validation_loss']:.4g}, "
        f"validation accuracy {best['validation_accuracy']:.4g}",
    ]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"validation": False}, "3 of 3, all were done"),
        ({"epochs": 50, "patience": 1, "optimizer": nn.sgd(5.0)}, "stopped early; best: "),
        ({"epochs": 3, "keep": "last", "optimizer": nn.sgd(5.0)}, "  epoch 3 "),
    ],
)
def test_how_it_ended_is_told(settings, line):
    assert line in repr(trained(**settings))


def test_a_run_without_an_epoch_and_a_long_model_print_too():
    model = nn.Sequential([nn.Dense(30, "relu")] * 30)
    run = trained(epochs=1)
    nothing = Run(classification(model=model), {}, [], "interrupted", 0, run.batch)
    assert "0 of 3, interrupted" in repr(nothing)
    assert max(map(len, repr(nothing).splitlines())) < 110
    assert len(repr(nothing).splitlines()) == 6


def test_notebooks_get_the_same_in_a_table():
    html = trained(epochs=1)._repr_html_()
    assert "activation=&#x27;tanh&#x27;" in html
    assert "1 of 1, all were done" in html
    assert as_html([("a<b", "<script>")]).count("<") == len(
        ["table", "caption", "/caption", "tr", "th", "/th", "td", "/td", "/tr", "/table"]
    )
