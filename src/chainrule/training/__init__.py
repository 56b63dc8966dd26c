"""Training: the step as one program, the loop, events, checkpoints, runs."""

from chainrule.data.files import check_free, folder_aside, write_aside
from chainrule.training.checkpoint import Checkpoint, load_state, save_state
from chainrule.training.events import Ended, EpochDone, Event, Listener, Record, RunState, Started, StepsDone
from chainrule.training.fitting import check_data, split_validation, starting_tree, train, train_recipe
from chainrule.training.folder import read_history
from chainrule.training.inputs import check_inputs
from chainrule.training.programs import Programs
from chainrule.training.range_test import RangeTest, learning_rate_range_test
from chainrule.training.recipe import Recipe
from chainrule.training.run import Run, load_run
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
    "Batch",
    "Checkpoint",
    "Ended",
    "EpochDone",
    "Event",
    "Listener",
    "Programs",
    "RangeTest",
    "Recipe",
    "Record",
    "Run",
    "RunState",
    "Started",
    "StepsDone",
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
