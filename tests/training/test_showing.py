"""Run's summary, program, explain, plot and report, from Python and without a table."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.training.helpers import classifier, points

import chainrule
from chainrule import nn
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.training import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return trained(metrics=["accuracy"], validation=0.2)


def trained(model=None, data=None, **settings) -> Run:
    usual = {"loss": "cross_entropy", "epochs": 3, "batch_size": 16, "progress": False}
    return chainrule.train(model or classifier(), data or points(), **(usual | settings))


def test_summary_is_that_of_the_model(run):
    assert repr(run.summary()) == repr(nn.summary(classifier(), (4,)))
    assert run.summary().parameters == sum(array.size for array in run.parameters.values())


def test_summary_of_several_inputs_and_of_tokens():
    tokens = np.random.default_rng(0).integers(0, 9, (40, 5))
    model = nn.Sequential([nn.Embedding(9, 4), nn.GlobalAvgPool1D(), nn.Dense(3)])
    run = trained(model, (tokens, tokens[:, 0] % 3), epochs=1)
    assert run.summary().layers[0].parameters == 36


def test_program_is_the_whole_step(run):
    text = str(run.program)
    for expected in ("forward", "backward", "δdense_1", "update", "float32 (16, 4)"):
        assert expected in text
    assert run.program is run.program


def test_explain_agrees_with_the_run_and_a_step_of_gradient_descent(run):
    x, y = points()
    explained = run.explain(7, (x, y))
    logits = run.outputs(x[7:8])[0]
    np.testing.assert_allclose(explained.value("y"), logits, rtol=1e-5)
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(explained.value("E"), -np.log(shares[y[7]]), rtol=1e-5)
    delta = shares - np.eye(3)[y[7]]
    np.testing.assert_allclose(explained.value("δ_y"), delta, rtol=1e-4)
    hidden = np.tanh(x[7] @ run.parameters["dense_1.weight"] + run.parameters["dense_1.bias"])
    slope = np.outer(delta, hidden)
    np.testing.assert_allclose(explained.value("∂E/∂W_y"), slope, rtol=1e-4, atol=1e-7)
    after = run.parameters["dense_2.weight"].T - 0.001 * slope  # adam's usual rate, that of the last epoch
    np.testing.assert_allclose(explained.value("W_y after"), after, rtol=1e-5)
    assert repr(explained) == explained.text()


def test_explain_takes_an_example_of_the_training_data(run):
    kept = run.going_on.data
    assert np.array_equal(run.explain(3).value("x"), kept.x[3])


@pytest.mark.parametrize("row", [-1, 40])
def test_explain_of_a_row_that_there_is_not(run, row):
    with pytest.raises(DataError, match=r"there is no example .*; there are 40; choose one from 0 to 39"):
        run.explain(row)


@pytest.mark.parametrize("row", [1.5, True, None, "no", np.ones(4)])
def test_explain_takes_the_number_of_a_row(run, row):
    with pytest.raises(ConfigError, match=r"^row is .*; it is the number of an example, from 0 to 39; "):
        run.explain(row)


def test_explain_of_a_loaded_run_is_given_the_data(run, tmp_path):
    loaded = chainrule.load_run(run.save(tmp_path / "run"))
    with pytest.raises(DataError, match=r"no data in memory to take an example from; give \(x, y\)"):
        loaded.explain(0)
    assert np.array_equal(loaded.explain(2, points()).value("E"), run.explain(2, points()).value("E"))


@pytest.mark.parametrize(
    ("model", "shape", "why"),
    [
        (
            nn.Sequential([nn.Conv1D(2, 3), nn.Flatten(), nn.Dense(3)]),
            (6, 2),
            "'conv1d_1.weight' belongs",
        ),
        (
            nn.Sequential([nn.Dense(4), nn.BatchNorm(), nn.Dense(3)]),
            (4,),
            "'batch_norm_1.scale' belongs",
        ),
        (
            nn.Sequential([nn.Dense(4), nn.Activation("relu"), nn.Dense(3)]),
            (4,),
            "the input of 'dense_2' is not",
        ),
        (nn.Sequential([nn.Residual([nn.Dense(4)]), nn.Dense(3)]), (4,), "the input of 'dense_1' is not"),
    ],
)
def test_explain_refuses_networks_that_its_equations_would_not_tell(model, shape, why):
    random = np.random.default_rng(0)
    data = random.normal(size=(40, *shape)), np.arange(40) % 3
    with pytest.raises(ChainruleError, match=why):
        trained(model, data, epochs=1).explain(0)


def test_explain_of_images_that_are_flattened():
    data = np.random.default_rng(0).normal(size=(40, 2, 3)), np.arange(40) % 3
    explained = trained(nn.Sequential([nn.Flatten(), nn.Dense(3)]), data, epochs=1).explain(0)
    assert explained.value("∂E/∂W_y").shape == (3, 6)


def test_plot_draws_what_was_recorded(run):
    figure: Any = run.plot()
    lines = {(trace.yaxis, trace.name): list(trace.y) for trace in figure.data}
    assert lines["y", "training"] == [record["loss"] for record in run.history]
    assert lines["y", "validation"] == [record["validation_loss"] for record in run.history]
    assert lines["y2", "validation"] == [record["validation_accuracy"] for record in run.history]
    assert lines["y3", "training"] == [record["learning_rate"] for record in run.history]
    titles = [figure.layout[axis].title.text for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert titles == ["loss", "accuracy", "learning rate"]
    assert figure.layout.height > 3 * 200


def test_plot_without_validation_is_of_the_loss_and_the_rate():
    figure: Any = trained(epochs=2).plot()
    assert len(figure.data) == 2


def test_plot_of_an_empty_history_is_refused(run):
    with pytest.raises(DataError, match="no finished epoch to plot"):
        Run(run.recipe, run.parameters, [], "interrupted", 0, run.batch).plot()


def test_report_has_curves_recipe_mathematics_network_and_sizes(run, tmp_path):
    path = run.report(tmp_path / "first.html")
    assert path == tmp_path / "first.html"
    text = path.read_text(encoding="utf-8")
    for expected in (
        "<h1>first</h1>",
        "How it learned",
        "What flows through the layers",
        "<h2>Recipe</h2>",
        "SoftmaxCrossEntropy()",
        "<h2>Mathematics</h2>",
        "y = activation(x W + b)",
        "∂E/∂y: softmax(y) − onehot(t)",
        "<h2>Network</h2>",
        "dense_2",
        "<h2>The training step</h2>",
        "δdense_1.add",
        "<h2>Settings</h2>",
    ):
        assert expected in text, expected


def test_report_does_not_overwrite(run, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"report\.html exists already; name a new file"):
        run.report(path)
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(ConfigError, match="is a folder"):
        run.report(tmp_path)
    assert run.report(tmp_path / "new" / "report.html").is_file()


def test_report_of_a_loaded_run_and_of_one_without_an_epoch(run, tmp_path):
    chainrule.load_run(run.save(tmp_path / "run")).report(tmp_path / "loaded.html")
    empty = Run(run.recipe, run.parameters, [], "interrupted", 0, run.batch)
    assert "Network" in empty.report(tmp_path / "empty.html").read_text(encoding="utf-8")


def test_nothing_of_the_report_is_imported_before_it_is_asked_for():
    code = "import sys, chainrule; print([n for n in sys.modules if 'report' in n or 'plotly' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
