"""Training a program, and how good what came out of it is on the test examples."""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule
from benchmarks.doctor.data import Rows, load
from benchmarks.doctor.network import build
from benchmarks.doctor.programs import Program
from chainrule import Run, nn
from chainrule.errors import TrainingError

_LEAST = 1e-7  # a probability below counts as this
_NUMBERED = (nn.SoftmaxCrossEntropy, nn.CategoricalCrossEntropyOfProbabilities)


@dataclass(frozen=True, eq=False)
class Trained:
    """What training ended with. run: None where there is nothing to predict with.

    seconds: of all. broken: why training broke off, '' where it did not.
    """

    run: Run | None
    seconds: float
    broken: str


@dataclass(frozen=True)
class Measured:
    """How good it is.

    figure: of classes the mean over the classes of the share that was recognized, 0 to 1; of numbers the mean
    squared error, as a share of their variance. None where the predictions are no finite numbers, or there
    are none.
    loss: cross-entropy of classes, where predictions are probabilities; of numbers the figure; else None.
    """

    figure: float | None
    loss: float | None


def trained(program: Program, *, separate: bool = False, **more: Any) -> Trained:
    """Train it. separate: as of `build`. more: further arguments of chainrule.train."""
    parts = load(program.examples)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say of a fault is the doctor's matter
        try:
            run = chainrule.train(
                build(program.network, separate=separate),
                as_given(parts.train, program),
                loss=program.loss,
                optimizer=_optimizer(program),
                penalties=[nn.L2(program.l2)] if program.l2 else (),
                epochs=program.epochs,
                batch_size=program.batch_size,
                validation=as_given(parts.held_out, program),
                patience=program.patience,
                seed=program.seed,
                keep=program.keep,
                shuffle=program.shuffle,
                progress=False,
                **more,
            )
        except TrainingError as error:
            return Trained(error.run, time.perf_counter() - start, str(error))
    return Trained(run, time.perf_counter() - start, "")


def as_given(rows: Rows, program: Program) -> tuple[np.ndarray, ...]:
    """(x, y) or (x, y, weight), the targets as the loss and the last layer want them."""
    y, units = rows.y, program.network.units
    if not program.classes or units == 1:
        y = y.astype(np.float32)[:, None]
    elif not isinstance(program.loss, _NUMBERED):
        y = np.eye(units, dtype=np.float32)[y]
    return (rows.x, y) if rows.weight is None else (rows.x, y, rows.weight)


def measured(run: Run | None, program: Program, rows: Rows) -> Measured:
    """How good a run is on examples."""
    if run is None:
        return Measured(None, None)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        said = np.asarray(run.predict(rows.x), np.float64)
    return judged(said, rows.y, program.classes, run.recipe.loss)


def judged(said: np.ndarray, y: np.ndarray, classes: int, loss: nn.losses.Loss) -> Measured:
    """How good predictions are. said: (examples, outputs). y: (examples,)."""
    if not np.isfinite(said).all():
        return Measured(None, None)
    if not classes:
        with np.errstate(over="ignore"):
            error = float(np.mean((said[:, 0] - y) ** 2) / np.var(y))
        return Measured(error, error) if np.isfinite(error) else Measured(None, None)
    if said.shape[1] > 1:
        named = said.argmax(1)
    elif classes > 2:
        named = np.clip(np.rint(said[:, 0]), 0, classes - 1).astype(int)
    else:
        named = (said[:, 0] > (0 if isinstance(loss, nn.Hinge | nn.SquaredHinge) else 0.5)).astype(int)
    right = [float(np.mean(named[y == number] == number)) for number in np.unique(y)]
    return Measured(float(np.mean(right)), _cross_entropy(said, y, classes))


def _cross_entropy(said: np.ndarray, y: np.ndarray, classes: int) -> float | None:
    """None where the outputs are no probabilities of the classes."""
    if classes == 2 and said.shape[1] == 1:
        said = np.hstack([1 - said, said])
    if said.shape[1] != classes or (said < -1e-6).any() or (np.abs(said.sum(1) - 1) > 1e-3).any():
        return None
    return float(-np.mean(np.log(np.clip(said[np.arange(len(y)), y], _LEAST, 1))))


def _optimizer(program: Program) -> nn.Transform:
    if program.optimizer == "momentum":
        optimizer = nn.momentum(program.rate, program.momentum)
    elif program.optimizer == "rmsprop":
        optimizer = nn.rmsprop(program.rate)
    else:
        preset = nn.adamw if program.optimizer == "adamw" else nn.adam
        optimizer = preset(program.rate, beta1=program.momentum)
    return optimizer if program.clip is None else nn.chain(nn.ClipByGlobalNorm(program.clip), optimizer)
