"""Run: what training returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.backprop import Explanation
from chainrule.calls import naming_settings
from chainrule.data import Ragged, Source, Structure, belonging, flattened
from chainrule.data.files import folder_aside
from chainrule.errors import ChainruleError, DataError
from chainrule.executors import DEFAULT
from chainrule.nn.layer import building
from chainrule.nn.metrics import MetricsGiven
from chainrule.nn.schedules import Schedule
from chainrule.nn.summarizing import Summary, summary_of
from chainrule.program import Program, Trace
from chainrule.training.events import Listener
from chainrule.training.explaining import explain_row
from chainrule.training.findings import Finding, findings_of, write_findings
from chainrule.training.folder import RUN, WEIGHTS, Contents, read_contents, write_contents, write_kind
from chainrule.training.going_on import Changes, GoingOn, go_on
from chainrule.training.heads import check_measurable, measured, metric_names
from chainrule.training.inputs import arrays_for, blocks_for, check_examples, check_inputs, check_lengths
from chainrule.training.objective import forwarded
from chainrule.training.probes import Watch
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.showing import figure_of, write_page
from chainrule.training.state import Record
from chainrule.training.step import Batch, inputs_of, training_step
from chainrule.training.summary import as_html, as_text, summary
from chainrule.training.supply import supply_of
from chainrule.training.words import ELSEWHERE, ONE_PAIR

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model with its history.

    recipe: the settings. parameters: name -> array, everything that the model predicts with: trained arrays,
    and the state of layers such as BatchNorm; with validation, those of the best epoch, unless the recipe's
    `keep` is 'last'.
    history: a record for each epoch: 'epoch', 'step' (steps so far), 'seconds' (so far), 'learning_rate',
    'loss' (mean over the batches of the epoch, without penalties); with validation, 'validation_loss' and
    'validation_<metric>'; 'watch', the numbers of probes at the last full batch, by layer or parameter and
    name of the probe, by default root mean squares of activations, deltas, gradients, updates and values;
    'watch_steps', lists of the numbers of probes that measure every step; in the first record 'executor', if
    NumPy replaced the given executor, with the reason. Infinite numbers are stored as null in metrics.jsonl
    and loaded as NaN.
    stopped: 'epochs', 'early stopping', 'interrupted', or the reason of a listener. best_epoch: the epoch
    with the lowest validation loss; 0 without validation, or if no validation loss was finite: then the
    parameters are those of the last epoch.
    executor: with which it was trained and predicts, such as 'native'. batch: shapes of the training batches.
    columns: the names of the columns of each input that was a DataFrame, by the name of the input, such as
    'x'.
    going_on: the state at the end and the data, with which `train` continues; None for a run that was loaded
    or copied. diagnosis: the findings of the doctor, in their order.
    programs: the compiled forward passes. Any number of threads may predict at once.
    """

    recipe: Recipe
    parameters: dict[str, np.ndarray]
    history: list[Record]
    stopped: str
    best_epoch: int
    batch: Batch
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    executor: str = DEFAULT
    going_on: GoingOn | None = None
    diagnosis: list[Finding] = field(default_factory=list)
    programs: Programs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "programs", Programs(self.recipe, self.executor))

    def __getstate__(self) -> dict[str, Any]:
        """A copy, as in another process, can predict; it has neither the data nor compiled programs."""
        without = {"going_on": None}
        return {name: value for name, value in vars(self).items() if name != "program"} | without

    def __repr__(self) -> str:
        return as_text(self._summary())

    def _repr_html_(self) -> str:
        """The summary as HTML, for notebooks."""
        return as_html(self._summary())

    def _summary(self) -> list[tuple[str, str]]:
        return summary(self.recipe, self.parameters, self.history, self.stopped, self.best_epoch)

    @naming_settings()
    def predict(self, x: Any) -> Structure:
        """The predictions of the model for new examples.

        x: (examples, …) as in training, or a source, which is read chunk by chunk and whose targets are
        ignored. Sequences and images may have another size if the model accepts it. If x was a DataFrame in
        training, a DataFrame needs its columns, in any order, and further ones are ignored; an array has them
        by position.
        Returns (examples, classes) probabilities for softmax cross-entropy, probabilities of label 1 for
        binary cross-entropy, else the outputs; for a model with several outputs a tuple or dict of these.
        Raises ShapeError, naming the layer, if the model can't take examples of this shape; DataError for
        missing columns, for values that are not finite numbers and for tokens outside of the vocabulary.
        """
        return self._forward(x, raw=False)

    @naming_settings()
    def outputs(self, x: Any) -> Structure:
        """The raw outputs of the model for new examples, such as logits."""
        return self._forward(x, raw=True)

    @naming_settings(by_place=ONE_PAIR)
    def evaluate(self, data: Any) -> dict[str, float]:
        """The 'loss', without penalties, and the metrics by name, on examples with targets.

        data: (x, y) or (x, y, sample_weight) as in training, or a source; x as in `predict`. The metrics are
        those of the recipe, else those usual for the loss and these targets. Raises as `predict` does, and
        DataError for missing or wrong targets.
        """
        if not isinstance(data, Source):
            data = arrays_for(self.recipe, data, columns=self.columns)
        supply = supply_of(self.programs, data)
        sample = supply.sample
        if sample.y is None and self.recipe.objective.needs_targets:
            raise DataError("the data has no targets", remedy="pass a pair (x, y)")
        check_lengths(self.programs, sample.inputs.named, self.input_shapes, self.parameters, "evaluate")
        check_examples(self.programs, sample)
        supply.check_others()
        predictions, loss, known = supply.predicted(self.parameters)
        objective = self.recipe.objective
        names = metric_names(objective, self.recipe.metrics, known)
        check_measurable(objective, names, predictions, known)
        figures = measured(objective, names, predictions, known)
        return {"loss": float("nan") if loss is None else loss} | figures

    @cached_property
    def program(self) -> Program:
        """The program of the training step; print it to read it."""
        return training_step(self.recipe, self.batch).program

    def summary(self) -> Summary:
        """Layers, shapes, parameters, multiply-adds and memory of the model; see `nn.summary`."""
        trace = Trace()
        shapes = belonging("x", self.batch.inputs)
        one = {name: ((1, *shape[1:]), dtype) for name, (shape, dtype) in shapes.items()}
        inputs = inputs_of(trace, self.recipe, one)
        with building(trace, training=False, dtype=self.recipe.dtype) as built:
            outputs = forwarded(self.recipe.objective, inputs, built, raw=True)
        return summary_of(built, outputs)

    @naming_settings()
    def explain(self, row: int = 0, data: Any = None) -> Explanation:
        """One step of plain gradient descent on one example, from these parameters, with every number.

        It prints as text; `report.explain_page` makes a page of it. It has no dropout, mixing and penalties,
        and the learning rate of the last epoch.
        row: the index of the example. data: (x, y) with the example; None for the training data of this run,
        without the validation data that were split off.
        Raises DataError for a row that does not exist, and for a loaded run without data; ChainruleError for
        networks other than a chain of fully connected layers.
        """
        return explain_row(self, row, data)

    @naming_settings()
    def plot(self) -> "Figure":
        """Loss, validation metrics and learning rate over the epochs, as one plotly figure.

        Raises DataError if no epoch was finished.
        """
        return figure_of(self)

    @naming_settings()
    def report(self, file: Path | str) -> Path:
        """Write a page on this run: curves, recipe, equations, network, watched sizes, the training step.

        file: a new file, such as 'report.html'; its folders are created. The page needs no internet
        connection.
        Returns the path. Raises ConfigError if the file exists, OSError, naming it, if it can't be written.
        """
        return write_page(self, file)

    @naming_settings(ELSEWHERE, ONE_PAIR)
    def train(
        self,
        epochs: int,
        data: Any = None,
        *,
        learning_rate: float | Schedule | None = None,
        batch_size: int | None = None,
        validation: Any = None,
        patience: int | None = None,
        metrics: MetricsGiven | None = None,
        watch: Watch | None = None,
        listeners: Sequence[Listener] = (),
        progress: bool | None = None,
    ) -> "Run":
        """Continue training where this run ended, and return a new Run with the whole history.

        With the same data and settings, the result has the same bits as one longer run. This run does not
        change. None keeps a setting, except patience. `keep` works as before, over all epochs.
        epochs: the most further epochs, at least 1. data: other data, as in `chainrule.train`, with examples
        of the same shape. learning_rate: a number, or a schedule that starts now.
        validation: other validation data, or a share of other `data`. Its losses are not compared with
        earlier ones: the best epoch is then one of the further epochs. patience: stop after this many further
        epochs without a lower validation loss; None for no early stopping.
        batch_size, metrics, watch, listeners, progress: as in `chainrule.train`.
        Raises ConfigError for a run that was loaded or copied, which has no optimizer state; for a learning
        rate if the optimizer has none; for patience without validation data; for a validation share of data
        that were trained on; and else as `chainrule.train` does.
        """
        changes = Changes(learning_rate, batch_size, validation, patience, metrics, watch)
        return go_on(self, epochs, data, changes, listeners, progress)

    @cached_property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the inputs of one example, by name."""
        return {name: shape[1:] for name, (shape, _) in belonging("x", self.batch.inputs).items()}

    def _forward(self, x: Any, *, raw: bool) -> Structure:
        if isinstance(x, Source) or any(isinstance(each, Ragged) for each in flattened("x", x).values()):
            return self._forward_supply(x, raw=raw)
        given, block = blocks_for(self.programs, x, self.columns)
        known = self.input_shapes
        if {name: array.shape[1:] for name, array in given.items()} != known:
            check_lengths(self.programs, block(slice(1)), known, self.parameters, "predict")
        check_inputs(self.programs, given)
        return self.programs.outputs(self.parameters, len(next(iter(given.values()))), block, raw=raw)

    def _forward_supply(self, x: Any, *, raw: bool) -> Structure:
        """Predictions for a source, chunk by chunk, or for sequences of different lengths."""
        data = x if isinstance(x, Source) else arrays_for(self.recipe, (x, None), columns=self.columns)
        supply = supply_of(self.programs, data)
        inputs = supply.sample.inputs
        check_lengths(self.programs, inputs.named, self.input_shapes, self.parameters, "predict")
        check_inputs(self.programs, inputs.named)
        supply.check_others()
        return supply.predicted(self.parameters, raw=raw, measure=False)[0]

    def save(self, folder: Path | str, config: dict[str, Any] | None = None, **files: str) -> Path:
        """Write a run folder, whole or not at all, and return its path.

        config: the content of config.toml; None for the recipe. files: further texts, by file name with '__'
        in place of '.'. Raises ConfigError if the folder exists, OSError, naming it, if it can't be written.
        """
        folder = Path(folder)
        with folder_aside(folder) as aside:
            self.write(aside, config if config is not None else self.recipe.to_plain())
            for name, text in files.items():
                (aside / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return folder

    def write(self, folder: Path, config: dict[str, Any], kind: str = RUN) -> None:
        """Write the files of a run, and the kind of the folder, into an existing folder."""
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
        write_findings(folder, self.diagnosis)


def load_run(
    folder: Path | str, classes: tuple[type | FunctionType, ...] = (), *, executor: str = DEFAULT
) -> Run:
    """The run that `Run.save` wrote.

    classes: your own classes and functions in the recipe: layers, losses, schedules, functions of nn.Apply,
    and so on. They are identified by module and name, or by the name only if it is unambiguous, so that they
    may have moved to another module.
    executor: as in `chainrule.train`.
    Raises DataError for a folder that is missing, is not a run folder, or is damaged; ConfigError for a class
    or function that is neither chainrule's nor among `classes`, and for an unknown executor.
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
            diagnosis=findings_of(folder),
        )
    except ChainruleError:
        raise
    except (KeyError, ValueError, TypeError) as error:
        what = f"{folder / WEIGHTS} was not written by chainrule ({error!r})"
        raise DataError(what, remedy="train again") from None
