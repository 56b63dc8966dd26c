"""Run: what training returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.data import Ragged, Source, Structure, belonging, flattened
from chainrule.data.files import folder_aside
from chainrule.errors import ChainruleError, DataError
from chainrule.executors import DEFAULT
from chainrule.training.folder import RUN, WEIGHTS, Contents, read_contents, write_contents, write_kind
from chainrule.training.heads import check_measurable, measured, metric_names
from chainrule.training.inputs import arrays_for, blocks_for, check_examples, check_inputs, check_lengths
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch
from chainrule.training.summary import as_html, as_text, summary
from chainrule.training.supply import supply_of


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model with its history.

    recipe: what it was trained by. parameters: name -> array, all that the model predicts with: what was
    trained, and what layers such as BatchNorm keep; with validation those of the best epoch, unless the
    recipe's `keep` is 'last'.
    history: a record for each epoch: 'epoch', 'step' (steps so far), 'seconds' (so far), 'learning_rate',
    'loss' (mean over the epoch's batches, without penalties), 'validation_loss' and 'validation_<metric>'
    where there is validation; 'watch', what probes measured at the last full batch, by layer or parameter and
    name of the probe, by default root mean squares of activations, deltas, gradients, updates and values; and
    'watch_steps', lists of what they measured at every step, where that was asked for. What is infinite is
    NaN after storing: null in metrics.jsonl.
    stopped: 'epochs', 'early stopping', 'interrupted', or what a listener gave. best_epoch: the one with the
    lowest validation loss; 0 without validation, and where no validation loss was finite, so that none is
    the best and the parameters are those of the last epoch.
    batch: shapes of the training batches. columns: by the name of each input that was a DataFrame, 'x' where
    it is one alone, the names of its columns.
    programs: the forward passes compiled so far; any number of threads may predict at once.
    """

    recipe: Recipe
    parameters: dict[str, np.ndarray]
    history: list[Record]
    stopped: str
    best_epoch: int
    batch: Batch
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    executor: str = DEFAULT
    programs: Programs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "programs", Programs(self.recipe, self.executor))

    def __repr__(self) -> str:
        return as_text(self._summary())

    def _repr_html_(self) -> str:
        """The same for notebooks."""
        return as_html(self._summary())

    def _summary(self) -> list[tuple[str, str]]:
        return summary(self.recipe, self.parameters, self.history, self.stopped, self.best_epoch)

    def predict(self, x: Any) -> Structure:
        """What the model says about new examples.

        x: (examples, …) as in training, or a source of such, of which targets are ignored, and which is read
        chunk by chunk; sequences may be longer or shorter, and images larger or smaller,
        where the model takes them. Where x was a DataFrame, another has at least its columns, in any order;
        others are ignored. What has no names is taken by position.
        Returns probabilities per class, (examples, classes), for softmax cross-entropy, a probability of yes
        for binary cross-entropy, else the outputs themselves; of a model with several outputs a tuple or dict
        of such.
        Raises ShapeError if the model can't take examples of this shape, naming the layer; DataError for
        columns that are missing, for bad numbers and for tokens that an Embedding does not have.
        """
        return self._forward(x, raw=False)

    def outputs(self, x: Any) -> Structure:
        """The raw outputs of the model for new examples, such as logits."""
        return self._forward(x, raw=True)

    def evaluate(self, data: Any) -> dict[str, float]:
        """How good the model is on examples with known targets: 'loss', and the recipe's metrics by name.

        data: (x, y) or (x, y, sample_weight) as in training, or a source; x as in `predict`. The loss has no
        penalties in it. The metrics are those of `nn.metrics.METRICS` that training was asked for, else those
        that go with the loss and these targets. Raises as `predict`, and DataError for targets that are
        missing or that the loss can't take.
        """
        if not isinstance(data, Source):
            data = arrays_for(self.recipe, data, columns=self.columns)
        supply = supply_of(self.programs, data)
        sample = supply.sample
        if sample.y is None and self.recipe.objective.needs_targets:
            raise DataError("the data has no targets", remedy="pass a pair (x, y)")
        check_lengths(self.programs, sample.inputs.named, self._shapes, self.parameters, "evaluate")
        check_examples(self.programs, sample)
        supply.check_others()
        predictions, loss, known = supply.predicted(self.parameters)
        objective = self.recipe.objective
        names = metric_names(objective, self.recipe.metrics, known)
        check_measurable(objective, names, predictions, known)
        figures = measured(objective, names, predictions, known)
        return {"loss": float("nan") if loss is None else loss} | figures

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the inputs of one example, by name."""
        return {name: shape[1:] for name, (shape, _) in belonging("x", self.batch.inputs).items()}

    def _forward(self, x: Any, *, raw: bool) -> Structure:
        if isinstance(x, Source) or any(isinstance(each, Ragged) for each in flattened("x", x).values()):
            return self._forward_supply(x, raw=raw)
        given, block = blocks_for(self.programs, x, self.columns)
        known = self._shapes
        if {name: array.shape[1:] for name, array in given.items()} != known:
            check_lengths(self.programs, block(slice(1)), known, self.parameters, "predict")
        check_inputs(self.programs, given)
        return self.programs.outputs(self.parameters, len(next(iter(given.values()))), block, raw=raw)

    def _forward_supply(self, x: Any, *, raw: bool) -> Structure:
        """Of a source, chunk by chunk, or of sequences of different lengths."""
        data = x if isinstance(x, Source) else arrays_for(self.recipe, (x, None), columns=self.columns)
        supply = supply_of(self.programs, data)
        inputs = supply.sample.inputs
        check_lengths(self.programs, inputs.named, self._shapes, self.parameters, "predict")
        check_inputs(self.programs, inputs.named)
        supply.check_others()
        return supply.predicted(self.parameters, raw=raw, measure=False)[0]

    def save(self, folder: Path | str, config: dict[str, Any] | None = None, **files: str) -> Path:
        """Write a run folder, whole or not at all, and return its path.

        config: what config.toml says; the recipe if None.
        files: more texts, by file name with '.' written '__'.
        Raises ConfigError if the folder exists, OSError that names it where it can't be written.
        """
        folder = Path(folder)
        with folder_aside(folder) as aside:
            self.write(aside, config if config is not None else self.recipe.to_plain())
            for name, text in files.items():
                (aside / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return folder

    def write(self, folder: Path, config: dict[str, Any], kind: str = RUN) -> None:
        """Write the files of a run into an existing folder, and what kind of folder it is."""
        batch = {name: [list(shape), dtype] for name, (shape, dtype) in self.batch.inputs.items()}
        contents = Contents(
            self.recipe.to_plain(),
            self.parameters,
            self.history,
            batch,
            self.stopped,
            self.best_epoch,
            self.columns,
        )
        write_kind(folder, kind)
        write_contents(folder, contents, config)


def load_run(
    folder: Path | str, classes: tuple[type | FunctionType, ...] = (), *, executor: str = DEFAULT
) -> Run:
    """The run that `Run.save` wrote.

    classes: those of your own that occur in the recipe: layers, losses, schedules …, and functions of
    nn.Apply. Each stands for the one of its module and name; one that has moved since is known by its name
    alone, where that is clear.
    executor: as in `chainrule.train`.
    Raises DataError if the folder is missing, is no run folder, or is damaged; ConfigError for a class or
    function that is neither chainrule's nor among the classes, or for an executor that there is not.
    """
    folder = Path(folder)
    contents = read_contents(folder)
    try:
        batch = {name: (tuple(shape), dtype) for name, (shape, dtype) in contents.batch.items()}
        return Run(
            Recipe.from_plain(contents.recipe, classes),
            contents.parameters,
            contents.history,
            contents.stopped,
            contents.best_epoch,
            Batch(batch),
            columns=contents.columns,
            executor=executor,
        )
    except ChainruleError:
        raise
    except (KeyError, ValueError, TypeError) as error:
        what = f"{folder / WEIGHTS} was not written by chainrule ({error!r})"
        raise DataError(what, remedy="train again") from None
