"""Training: the step as one program, the loop, events, checkpoints, runs."""

from chainrule.data.files import check_free, folder_aside, write_aside
from chainrule.training.events import Ended, EpochDone, Event, Listener, Started, StepsDone
from chainrule.training.fitting import check_data, split_validation, starting_tree, train, train_recipe
from chainrule.training.folder import read_history
from chainrule.training.inputs import check_inputs
from chainrule.training.listeners import Checkpoint
from chainrule.training.objective import Objective, Recorded, Supervised
from chainrule.training.probes import PROBES, Probe
from chainrule.training.programs import Programs
from chainrule.training.range_test import RangeTest, learning_rate_range_test
from chainrule.training.recipe import Recipe
from chainrule.training.run import Run, load_run
from chainrule.training.state import Fork, Record, RunState
from chainrule.training.state_file import load_state, save_state
from chainrule.training.step import (
    Batch,
    TrainingStep,
    evaluated,
    held_by_model,
    initial_tree,
    prediction_program,
    training_step,
)

__all__ = [
    "PROBES",
    "Batch",
    "Checkpoint",
    "Ended",
    "EpochDone",
    "Event",
    "Fork",
    "Listener",
    "Objective",
    "Probe",
    "Programs",
    "RangeTest",
    "Recipe",
    "Record",
    "Recorded",
    "Run",
    "RunState",
    "Started",
    "StepsDone",
    "Supervised",
    "TrainingStep",
    "check_data",
    "check_free",
    "check_inputs",
    "evaluated",
    "folder_aside",
    "held_by_model",
    "initial_tree",
    "learning_rate_range_test",
    "load_run",
    "load_state",
    "prediction_program",
    "read_history",
    "save_state",
    "split_validation",
    "starting_tree",
    "train",
    "train_recipe",
    "training_step",
    "write_aside",
]
