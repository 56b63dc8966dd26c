"""What is measured on validation data: what goes with loss and targets, names, and functions of the user."""

import numpy as np
import pytest
from sklearn import metrics as oracle
from tests.training.helpers import line, points

from chainrule import ConfigError, DataError, load_run, nn, train
from chainrule.training import Run

X, CLASSES = points(60)
HELD = points(30, seed=5)
LABELS = np.stack([X[:, 0] > 0, X[:, 1] > 0], 1).astype(float)


def one_hot(classes: np.ndarray) -> np.ndarray:
    return np.eye(3)[classes]


def measured(run: Run) -> list[str]:
    return [name for name in run.history[-1] if name.startswith("validation_")]


NUMBERS = ["validation_r2", "validation_mean_absolute_error", "validation_root_mean_squared_error"]


@pytest.mark.parametrize("loss", [nn.MeanSquaredError(), nn.MeanAbsoluteError(), nn.Huber()])
@pytest.mark.parametrize("dtype", [float, int])
def test_one_hot_targets_have_an_accuracy_beside_any_loss_of_numbers(loss, dtype):
    model = nn.Sequential([nn.Dense(3, "softmax")])
    held_out = HELD[0], one_hot(HELD[1]).astype(dtype)
    run = train(model, (X, one_hot(CLASSES).astype(dtype)), loss=loss, validation=held_out, epochs=3)
    assert measured(run) == ["validation_loss", "validation_accuracy", *NUMBERS]
    best = run.history[run.best_epoch - 1]
    expected = oracle.accuracy_score(HELD[1], run.predict(HELD[0]).argmax(1))
    assert best["validation_accuracy"] == pytest.approx(expected)


def test_labels_in_columns_have_the_share_of_right_answers():
    run = train(nn.Dense(2), (X, LABELS), loss=nn.MeanSquaredError(), validation=0.3, epochs=2)
    assert measured(run) == ["validation_loss", "validation_binary_accuracy", *NUMBERS]
    run = train(nn.Dense(1), (X, X[:, :1]), loss=nn.MeanSquaredError(), validation=0.3, epochs=2)
    assert measured(run) == ["validation_loss", *NUMBERS]


def most_wrong(targets: np.ndarray, predictions: np.ndarray) -> float:
    """Largest distance."""
    assert predictions.shape == (len(targets), 1)
    return np.abs(targets - predictions).max()


def test_names_and_functions_are_measured_in_the_order_given(tmp_path):
    x, y = line(40)
    held_out = line(15, seed=8)
    run = train(
        nn.Dense(1),
        (x, y),
        loss=nn.MeanSquaredError(),
        validation=held_out,
        metrics=["mean_absolute_error", most_wrong],
        epochs=4,
        keep="last",
    )
    assert measured(run) == ["validation_loss", "validation_mean_absolute_error", "validation_most_wrong"]
    distance = np.abs(held_out[1] - run.predict(held_out[0]))
    assert run.history[-1]["validation_mean_absolute_error"] == pytest.approx(distance.mean(), rel=1e-5)
    assert run.history[-1]["validation_most_wrong"] == pytest.approx(distance.max(), rel=1e-5)
    assert run.recipe.metrics == ("mean_absolute_error",)
    back = load_run(run.save(tmp_path / "run"))
    assert back.recipe == run.recipe
    assert back.history == run.history


def test_scikit_learns_functions_fit_in():
    def recall(targets: np.ndarray, predictions: np.ndarray) -> float:
        return oracle.recall_score(targets, predictions.argmax(1), average="macro")

    run = train(
        nn.Dense(3), (X, CLASSES), loss=nn.SoftmaxCrossEntropy(), validation=HELD, metrics=recall, epochs=2
    )
    assert measured(run) == ["validation_loss", "validation_recall"]


def test_no_metrics_and_one():
    options = {"loss": nn.SoftmaxCrossEntropy(), "validation": HELD, "epochs": 1}
    assert measured(train(nn.Dense(3), (X, CLASSES), metrics=[], **options)) == ["validation_loss"]
    run = train(nn.Dense(3), (X, CLASSES), metrics="accuracy", **options)
    assert measured(run) == ["validation_loss", "validation_accuracy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "acuracy"}, r"metrics is 'acuracy' \(did you mean 'accuracy'\?\); it must be one of"),
        ({"metrics": [lambda t, p: 0.0]}, r"is no name of a metric and no function with a name"),
        ({"metrics": [most_wrong, most_wrong]}, r"most_wrong.* is no name of a metric"),
        ({"metrics": [3]}, r"metrics: 3 is no name"),
        ({"metrics": "r2"}, r"r2 can't be measured on predictions of shape \(3,\) and targets of shape \(\)"),
        ({"metrics": "accuracy", "validation": None}, r"there are none; set .* aside \(validation=0.2\)"),
        ({"metrics": most_wrong, "validation": None}, r"metrics are measured on validation data"),
    ],
)
def test_what_can_not_be_measured_is_refused_before_training(options, message):
    usual = {
        "loss": nn.SoftmaxCrossEntropy(),
        "validation": HELD,
        "listeners": [lambda event: pytest.fail(str(event))],
    }
    with pytest.raises(ConfigError, match=message):
        train(nn.Dense(3), (X, CLASSES), **(usual | options))


def test_class_numbers_for_a_loss_of_numbers_say_what_would_help():
    with pytest.raises(DataError) as caught:
        train(nn.Sequential([nn.Dense(3, "softmax")]), (X, CLASSES), loss=nn.MeanSquaredError())
    assert str(caught.value) == (
        "MeanSquaredError: targets have shape (60,), outputs (rows, 3); if they are class numbers, give "
        "one-hot targets (numpy.eye(3)[targets]), or use SoftmaxCrossEntropy on raw outputs, which takes "
        "them as they are"
    )
    with pytest.raises(DataError, match=r"make the targets \(rows, 3\)"):  # numbers that are no classes
        train(nn.Dense(3), (X, X[:, 0]), loss=nn.MeanSquaredError())
    with pytest.raises(DataError, match=r"make the targets \(rows, 3\)"):
        train(nn.Dense(3), (X, CLASSES + 1), loss=nn.MeanSquaredError())


def test_several_labels_an_example_are_told_which_loss_takes_them():
    with pytest.raises(DataError, match=r"row \d+ are .*; several labels of one example are for BinaryCross"):
        train(nn.Dense(2), (X, LABELS), loss=nn.SoftmaxCrossEntropy())
    with pytest.raises(DataError, match=r"probabilities must be at least 0 and sum to 1"):
        train(nn.Dense(2), (X, LABELS * 0.7), loss=nn.SoftmaxCrossEntropy())
    train(nn.Dense(2), (X, LABELS), loss=nn.BinaryCrossEntropy(), epochs=1)
