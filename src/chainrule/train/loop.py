"""The training loop: epochs of steps, validation, events. It knows none of its listeners."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data import Arrays, batches, epoch_order
from chainrule.executors import Compiled
from chainrule.nn.metrics import measure, metrics_of
from chainrule.train.diagnose import Past, not_finite_error
from chainrule.train.events import Ended, EpochDone, Listener, Record, RunState, Started, StepsDone
from chainrule.train.programs import Programs
from chainrule.train.recipe import Recipe
from chainrule.train.step import OPTIMIZER, evaluated, held_by_model, named_arrays, optimizer_state

_SECONDS_PER_CALL = 0.1  # between looks at the clock, the listeners and Ctrl-C


@dataclass
class Loop:
    """Trains a state on one chunk of data, in place.

    watch: measure sizes at the last full batch of every epoch. interrupted: asked between calls; True ends
    the run in order. last_parts: as of `batches`.
    """

    recipe: Recipe
    programs: Programs
    data: Arrays
    validation: Arrays | None
    state: RunState
    listeners: Sequence[Listener]
    watch: bool
    interrupted: Callable[[], bool]
    last_parts: int = 0

    def run(self) -> str:
        """Train until the epochs are done or something ends them; the reason, as in `Ended`."""
        self._batch_size = min(self.recipe.batch_size, len(self.data))
        self._programs: dict[tuple[int, bool], Compiled] = {}
        program = self._compiled(self._batch_size).program
        self._arrays = named_arrays(self.data)
        self._held = [self.state.tree[value.name] for value in held_by_model(program)]
        self._observed = self.recipe.optimizer.observes()
        self._rates = [name for name in self.state.tree if name.endswith(".learning_rate")]
        started = Started(
            epochs=self.recipe.epochs,
            steps_per_epoch=-(-len(self.data) // self._batch_size) - (self.last_parts == 1),
            examples=len(self.data),
            parameters=sum(v.size for v in program.parameters),
            first_epoch=self.state.epoch + 1,
        )
        self._tell(started)
        # A run that is resumed after it stopped early has nothing left to do.
        reasons = ["early stopping"] if self._out_of_patience() else []
        self._steps_per_call = 1
        self._keep_past()
        while self.state.epoch < self.recipe.epochs and not reasons:
            record = self._epoch(self.state.epoch + 1)
            if record is None:
                reasons.append("interrupted")
                break
            self._remember(record)
            self._tell(EpochDone(record, self.state, reasons.append))
            if self.interrupted():
                reasons.append("interrupted")
            elif self._out_of_patience():
                reasons.append("early stopping")
        reason = reasons[0] if reasons else "epochs"
        self._tell(Ended(reason, self.state))
        return reason

    def _tell(self, event: Started | StepsDone | EpochDone | Ended) -> None:
        for listener in self.listeners:
            listener(event)

    def _compiled(self, rows: int, *, watch: bool = False) -> Compiled:
        if (rows, watch) not in self._programs:
            self._programs[rows, watch] = self.programs.training(self.data, rows, watch=watch)
        return self._programs[rows, watch]

    def _epoch(self, epoch: int) -> Record | None:
        """One pass over the data, from where the state stands in it; None if interrupted before its end."""
        state = self.state
        start = time.perf_counter()
        order = epoch_order(len(self.data), self._batch_size, self.recipe.seed, epoch)
        full, last = batches(order, self._batch_size, self.last_parts)
        sizes: dict[str, float] = {}
        while (done := state.batch) < len(full):
            if self.interrupted():
                self._refuse_not_finite()
                state.seconds += time.perf_counter() - start
                return None
            watched = self.watch and done == len(full) - 1
            count = 1 if watched else min(self._steps_per_call, len(full) - self.watch - done)
            outputs = self._steps(full[done : done + count], epoch, watch=watched)
            # One by one: the bits of the sum must not depend on how many steps the clock allowed in a call.
            for loss in outputs.pop("loss"):
                state.loss_sum += float(loss)
            sizes = {name: float(values[-1]) for name, values in outputs.items()}
            state.batch += count
        total = state.loss_sum * self._batch_size
        for number, rows in enumerate(last):
            outputs = self._steps(rows[None], epoch, watch=self.watch and not len(full) and number == 0)
            total += float(outputs.pop("loss")[0]) * len(rows)
            sizes = sizes or {name: float(values[0]) for name, values in outputs.items()}
        state.batch, state.loss_sum = 0, 0.0
        self._refuse_not_finite()
        return self._record(epoch, total / len(self.data), sizes, start)

    def _steps(self, order: np.ndarray, epoch: int, *, watch: bool) -> dict[str, np.ndarray]:
        """Some steps in one call, timed so that calls stay short."""
        compiled = self._compiled(order.shape[1], watch=watch)
        start = time.perf_counter()
        if start > self._past_until:
            self._refuse_not_finite()
            self._keep_past()
        self._past.calls.append((compiled.program, order))
        outputs = compiled.run_many(self.state.tree, self._arrays, order)
        seconds = max(time.perf_counter() - start, 1e-9)
        if not np.isfinite(outputs["loss"]).all():
            raise not_finite_error(self._past, self._arrays)
        self.state.step += len(order)
        self._steps_per_call = max(
            1, min(2 * self._steps_per_call, int(_SECONDS_PER_CALL * len(order) / seconds))
        )
        self._tell(StepsDone(epoch, self.state.step, float(outputs["loss"][-1])))
        return outputs

    def _keep_past(self) -> None:
        """Copies take time, so they are made as seldom as the listeners are told."""
        tree = {name: array.copy() for name, array in self.state.tree.items()}
        self._past = Past(self.state.step, tree)
        self._past_until = time.perf_counter() + _SECONDS_PER_CALL

    def _refuse_not_finite(self) -> None:
        """The last step's weights are in no loss yet, so they are looked at too."""
        if not all(np.isfinite(array).all() for array in self._held):
            raise not_finite_error(self._past, self._arrays)

    def _record(self, epoch: int, loss: float, sizes: dict[str, float], start: float) -> Record:
        record: Record = {"epoch": epoch, "step": self.state.step}
        if self._rates:
            record["learning_rate"] = float(self.state.tree[self._rates[-1]])
        record["loss"] = loss
        if self.validation is not None:
            predictions, validation_loss = self.programs.predict(self._evaluated(), self.validation)
            record["validation_loss"] = validation_loss
            for name in metrics_of(self.recipe.loss):
                value = measure(name, predictions, self.validation.y, self.validation.weight)
                record[f"validation_{name}"] = value
        watched: dict[str, dict[str, float]] = {}
        for name, size in sizes.items():
            kind, _, path = name.partition(" ")
            watched.setdefault(path, {})[kind] = size
        if watched:
            record["watch"] = watched
        self.state.seconds += time.perf_counter() - start
        record["seconds"] = self.state.seconds
        return record

    def _remember(self, record: Record) -> None:
        """Advance the state by a finished epoch: history, best weights, schedules that look at the result."""
        state = self.state
        state.epoch = record["epoch"]
        state.history.append(record)
        if self.validation is not None and record["validation_loss"] < state.best_loss:
            state.best_loss, state.best_epoch = record["validation_loss"], state.epoch
            state.best = {name: array.copy() for name, array in self._evaluated().items()}
        if self._observed:
            monitored = record.get("validation_loss", record["loss"])
            observed = self.recipe.optimizer.observe(optimizer_state(state.tree), monitored)
            for name, array in observed.items():
                state.tree[OPTIMIZER + name][...] = array
            self._keep_past()  # what was observed is in no step that could be replayed

    def _evaluated(self) -> dict[str, np.ndarray]:
        return evaluated(self.recipe, self._compiled(self._batch_size).program, self.state.tree)

    def _out_of_patience(self) -> bool:
        patience = self.recipe.patience
        if patience is None or self.validation is None:
            return False
        return self.state.epoch - self.state.best_epoch >= patience
