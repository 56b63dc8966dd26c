"""The course of a training so far: what was measured of it, made ready to be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Arrays, belonging
from chainrule.doctor.yardstick import class_numbers, class_weights, scores_now, some_of, tree_now
from chainrule.training.attending import Patient
from chainrule.training.probes import Probe
from chainrule.training.state import RunState

WATCHED: tuple[Probe, ...] = (
    Probe("activation", every="step"),
    Probe("activation", "mean", every="step"),
    Probe("delta", every="step"),
    Probe("gradient", every="step"),
    Probe("activation", "dead_units"),
    Probe("update", per="value"),
)
"""What the doctor measures: what costs little at every step, the rest at the last step of every epoch."""


@dataclass(frozen=True, eq=False)
class Course:
    """A training at the end of an epoch.

    state: of the training; the last record has what was measured in that epoch. scores: the yardstick of the
    unchanged training at the visits so far, as (steps, mean) pairs. constant: the yardstick of the best
    answer that is the same for all examples. examples, each: those that the yardstick measures with, and what
    it is of each of them now.
    """

    patient: Patient
    state: RunState
    scores: tuple[tuple[int, float], ...]
    constant: float
    examples: Arrays
    each: np.ndarray

    @cached_property
    def series(self) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Layer or parameter -> name of the probe -> what it measured in the last epoch, (steps,)."""
        record = self.state.history[-1] if self.state.history else {}
        found: dict[str, dict[str, np.ndarray]] = {}
        for measured in (record.get("watch", {}), record.get("watch_steps", {})):
            for path, each in measured.items():
                series = {
                    name: np.atleast_1d(np.asarray(values, np.float64)) for name, values in each.items()
                }
                found.setdefault(path, {}).update(series)
        return found

    def measured(self, name: str) -> dict[str, float]:
        """The median over the epoch's steps of what a probe measured, by layer or parameter."""
        return {path: float(np.median(each[name])) for path, each in self.series.items() if name in each}

    @cached_property
    def surprise(self) -> Mapping[int, np.ndarray]:
        """Class -> -ln p of its examples, of those that are measured with; empty without classes."""
        return self._surprise(self.examples, self.each)

    @cached_property
    def trained_on(self) -> Arrays:
        """Some of the examples that are trained on."""
        return some_of(self.patient.data.sample, self.patient.recipe.seed)

    @cached_property
    def each_trained_on(self) -> np.ndarray:
        """What the yardstick is now of each of them."""
        return scores_now(self.patient, self.state, self.trained_on)

    @cached_property
    def surprise_in_training(self) -> Mapping[int, np.ndarray]:
        """The same as `surprise`, of examples that are trained on."""
        return self._surprise(self.trained_on, self.each_trained_on)

    @cached_property
    def loss_trained_on(self) -> float | None:
        """The mean loss of some examples that are trained on, as in prediction; None where there is none."""
        with np.errstate(all="ignore"):
            return self.patient.programs.predict(tree_now(self.patient, self.state), self.trained_on)[1]

    def _surprise(self, examples: Arrays, each: np.ndarray) -> Mapping[int, np.ndarray]:
        targets = belonging("y", examples.named)
        outputs = self.patient.programs.forward(examples.inputs, 1, raw=True).outputs
        if len(targets) != 1 or len(outputs) != 1 or len(each) != len(examples):
            return {}
        (y,), (output,) = targets.values(), outputs.values()
        numbers = class_numbers(y, int(np.prod(output.shape[1:])))
        if numbers is None:
            return {}
        surprise = each / class_weights(numbers)[numbers]
        return {int(number): surprise[numbers == number] for number in np.unique(numbers)}

    @cached_property
    def losses(self) -> np.ndarray:
        """The mean loss of every epoch so far."""
        return np.array([record["loss"] for record in self.state.history], np.float64)

    @cached_property
    def held_out_losses(self) -> np.ndarray:
        """The held-out loss of every epoch so far; empty where nothing validates."""
        found = [record.get("validation_loss") for record in self.state.history]
        return np.array([each for each in found if each is not None], np.float64)

    @cached_property
    def functions(self) -> Mapping[str, str]:
        """Path of a layer -> the operation that gives its output, in the order of the forward pass."""
        sample = self.patient.data.sample
        program = self.patient.programs.forward(sample.inputs, 1, raw=True)
        return {step.layer: step.operation for step in program.steps if step.layer}
