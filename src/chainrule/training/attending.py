"""What attends a training: watches it, says what is wrong, and may amend it. The doctor is one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from chainrule.errors import ConfigError, did_you_mean
from chainrule.training.events import Listener
from chainrule.training.probes import Probe
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.supply import Supply

_MOST_OTHERS = 32
OFF = "none"
MODES = ("watch", "advise", "repair", OFF)


@dataclass(frozen=True, eq=False)
class Patient:
    """A training as whoever attends it finds it.

    recipe: what it is trained by. data: what it is trained on. held_out: what validates it, or None. watch:
    what is measured in any case. interrupted: whether training is to end soon: who takes long asks, and
    raises TrainingEndsError. others: the same by other recipes, the latest of those that were asked for.
    """

    recipe: Recipe
    data: Supply
    held_out: Supply | None
    watch: tuple[Probe, ...] = ()
    interrupted: Callable[[], bool] = lambda: False
    others: list["Patient"] = field(default_factory=list)

    @property
    def programs(self) -> Programs:
        """The compiled programs of the recipe."""
        return self.data.programs

    def by(self, recipe: Recipe) -> "Patient":
        """The same data, trained on by another recipe; for an equal one the same again, with its programs."""
        for known in (self, *self.others):
            if known.recipe == recipe:
                return known
        programs = self.programs.by(recipe)
        held_out = None if self.held_out is None else replace(self.held_out, programs=programs)
        other = replace(self, recipe=recipe, data=replace(self.data, programs=programs), held_out=held_out)
        self.others.append(other)
        del self.others[:-_MOST_OTHERS]
        return other


class TrainingEndsError(Exception):
    """What an attendant was doing is given up, since training is to end."""


class Attendant(Protocol):
    """Attends trainings, any number of them."""

    def watch(self, epoch: int) -> tuple[Probe, ...]:
        """What is to be measured within the steps of an epoch, from 1."""
        ...

    def attend(self, patient: Patient) -> Listener:
        """The listener of one training. It is told of every event after all others but the checkpoint.

        All that it must remember it keeps in the state ('journal' and 'kept'), so that a resumed training
        goes as the unbroken one would.
        """
        ...


def attendant_of(doctor: str | Attendant | None) -> Attendant | None:
    """The doctor in a mode of MODES, the attendant itself, or None. Raises ConfigError for another word."""
    if doctor is None or doctor == OFF:
        return None
    if not isinstance(doctor, str):
        return doctor
    if doctor not in MODES:
        raise ConfigError(
            f"doctor is {doctor!r}{did_you_mean(doctor, MODES)}",
            remedy=f"it must be one of {', '.join(MODES)}",
        )
    from chainrule.doctor import Doctor

    return Doctor(doctor)
