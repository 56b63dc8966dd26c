"""The training loop: epochs of steps, and events. It knows none of its listeners."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data import Arrays, batches, epoch_order
from chainrule.errors import TrainingError
from chainrule.executors import Compiled
from chainrule.training.diagnose import not_finite_error, sizes_of
from chainrule.training.events import Ended, EpochDone, Listener, Started, StepsDone
from chainrule.training.probes import EACH_STEP, Probe, by_place, every_step
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.replay import Past, replayed
from chainrule.training.run import Run
from chainrule.training.state import Record, RunState
from chainrule.training.step import Batch, evaluated, held_by_model

_SECONDS_PER_CALL = 0.1  # between looks at the clock, the listeners and Ctrl-C


@dataclass
class Loop:
    """Trains a state on one chunk of data, in place.

    listeners: told of every event, in this order. watch: what is measured, at the last full batch of every
    epoch or at every step. interrupted: asked between calls; True ends the run in order. last_parts: as of
    `batches`.
    """

    recipe: Recipe
    programs: Programs
    data: Arrays
    state: RunState
    listeners: Sequence[Listener]
    watch: tuple[Probe, ...]
    interrupted: Callable[[], bool]
    last_parts: int = 0

    def run(self) -> Run:
        """Train until the epochs are done or something ends them.

        Every listener is told `Ended`, whatever ends the run, also where another one fails there.
        """
        try:
            reason = self._train()
        except BaseException as error:
            reason = "error"
            if isinstance(error, KeyboardInterrupt):
                reason = "interrupted"
            elif isinstance(error, TrainingError):
                reason = "not finite"
                error.run = error.run or self._so_far(reason)
            for failed in self._end(reason, error):
                error.add_note(f"and a listener failed when it was told of the end: {failed!r}")
            raise
        failed = self._end(reason, None)
        if failed:
            raise failed[0]
        return self._so_far(reason)

    def _end(self, reason: str, error: BaseException | None) -> list[Exception]:
        """Tell everyone; what was raised meanwhile."""
        failed = []
        for listener in self.listeners:
            try:
                listener(Ended(reason, self.state, error))
            except Exception as problem:  # noqa: BLE001 (the others must be told, too)
                failed.append(problem)
        return failed

    def _so_far(self, reason: str) -> Run:
        state, batch = self.state, Batch.of(self.data, min(self.recipe.batch_size, len(self.data)))
        parameters = state.best or self._evaluated()
        return Run(
            self.recipe,
            parameters,
            state.history,
            reason,
            state.best_epoch,
            batch,
            columns=self.data.inputs.columns,
            executor=self.programs.executor,
        )

    def _train(self) -> str:
        """The reason for which it ended, as in `Ended`."""
        self._batch_size = min(self.recipe.batch_size, len(self.data))
        self._programs: dict[tuple[int, tuple[Probe, ...]], Compiled] = {}
        self._each_step = every_step(self.watch)
        self._at_last = len(self._each_step) < len(self.watch)
        program = self._compiled(self._batch_size).program
        self._start = sizes_of(self.state.tree, program.parameters)
        self._arrays = self.data.named
        self._held = [self.state.tree[value.name] for value in held_by_model(program)]
        self._rates = [v.name for v in program.state if v.name.endswith(".learning_rate")]
        reasons: list[str] = []
        started = Started(
            epochs=self.recipe.epochs,
            steps_per_epoch=-(-len(self.data) // self._batch_size) - (self.last_parts == 1),
            examples=len(self.data),
            parameters=sum(v.size for v in program.parameters),
            first_epoch=self.state.epoch + 1,
            state=self.state,
            stop=reasons.append,
        )
        self._tell(started)
        self._steps_per_call = 1
        self._keep_past()
        while self.state.epoch < self.recipe.epochs and not reasons:
            record = self._epoch(self.state.epoch + 1)
            if record is None:
                reasons.append("interrupted")
                break
            self.state.epoch = record["epoch"]
            self.state.history.append(record)
            self._tell(EpochDone(record, self.state, reasons.append, self._evaluated, self._keep_past))
            if self.interrupted():
                reasons.append("interrupted")
        return reasons[0] if reasons else "epochs"

    def _tell(self, event: Started | StepsDone | EpochDone) -> None:
        for listener in self.listeners:
            listener(event)

    def _compiled(self, rows: int, *, watch: tuple[Probe, ...] = ()) -> Compiled:
        if (rows, watch) not in self._programs:
            self._programs[rows, watch] = self.programs.training(self.data, rows, watch=watch)
        return self._programs[rows, watch]

    def _epoch(self, epoch: int) -> Record | None:
        """One pass over the data, from where the state stands in it; None if interrupted before its end."""
        state = self.state
        start = time.perf_counter()
        recipe = self.recipe
        order = epoch_order(len(self.data), self._batch_size, recipe.seed, epoch, shuffle=recipe.shuffle)
        full, last = batches(order, self._batch_size, self.last_parts)
        sizes: dict[str, float] = {}
        while (done := state.batch) < len(full):
            if self.interrupted():
                self._refuse_not_finite()
                state.seconds += time.perf_counter() - start
                return None
            last_full = self._at_last and done == len(full) - 1
            count = 1 if last_full else min(self._steps_per_call, len(full) - self._at_last - done)
            watch = self.watch if last_full else self._each_step
            outputs = self._steps(full[done : done + count], epoch, watch=watch)
            # One by one: the bits of the sum must not depend on how many steps the clock allowed in a call.
            for loss in outputs.pop("loss"):
                state.loss_sum += float(loss)
            sizes = self._kept(outputs)
            state.batch += count
        total = state.loss_sum * self._batch_size
        for number, rows in enumerate(last):
            watch = self._each_step if len(full) or number else self.watch
            outputs = self._steps(rows[None], epoch, watch=watch)
            total += float(outputs.pop("loss")[0]) * len(rows)
            kept = self._kept(outputs)
            sizes = sizes or kept
            state.batch += 1
        self._refuse_not_finite()
        state.batch, state.loss_sum = 0, 0.0
        return self._record(epoch, total / len(self.data), sizes, start)

    def _steps(self, order: np.ndarray, epoch: int, *, watch: tuple[Probe, ...]) -> dict[str, np.ndarray]:
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
            raise self._broken_down()
        self.state.step += len(order)
        self._steps_per_call = max(
            1, min(2 * self._steps_per_call, int(_SECONDS_PER_CALL * len(order) / seconds))
        )
        self._tell(StepsDone(epoch, self.state.step, float(outputs["loss"][-1])))
        return outputs

    def _kept(self, outputs: dict[str, np.ndarray]) -> dict[str, float]:
        """Of the last step what was measured for the epoch; what is for every step goes to the state."""
        for name, values in outputs.items():
            if name.endswith(EACH_STEP):
                self.state.watched.setdefault(name, []).extend(values.tolist())
        return {name: float(values[-1]) for name, values in outputs.items() if not name.endswith(EACH_STEP)}

    def _keep_past(self) -> None:
        """Copies take time, so they are made as seldom as the listeners are told."""
        tree = {name: array.copy() for name, array in self.state.tree.items()}
        self._past = Past(self.state.step, tree, self.state.loss_sum)
        self._past_until = time.perf_counter() + _SECONDS_PER_CALL

    def _refuse_not_finite(self) -> None:
        """The last step's weights are in no loss yet, so they are looked at too."""
        if not all(np.isfinite(array).all() for array in self._held):
            raise self._broken_down()

    def _broken_down(self) -> TrainingError:
        """The error, with the state as it was before the step that broke down."""
        state, breakdown = self.state, replayed(self._past, self._arrays)
        for name, array in breakdown.tree.items():
            state.tree[name][...] = array
        done = breakdown.step - (breakdown.program is not None)
        state.batch, state.step = max(0, state.batch + done - state.step), done
        state.watched = {name: values[: state.batch] for name, values in state.watched.items()}
        losses = breakdown.losses
        before = self._past.loss_sum if state.batch > len(losses) else 0.0  # else the epoch began since
        state.loss_sum = before + sum(losses[max(0, len(losses) - state.batch) :])
        return not_finite_error(breakdown, self._arrays, self._start, state.epoch + 1)

    def _record(self, epoch: int, loss: float, sizes: dict[str, float], start: float) -> Record:
        record: Record = {"epoch": epoch, "step": self.state.step}
        if self._rates:
            record["learning_rate"] = float(self.state.tree[self._rates[-1]])
        record["loss"] = loss
        if sizes:
            record["watch"] = by_place(sizes)
        if self.state.watched:
            record["watch_steps"] = by_place(self.state.watched)
            self.state.watched = {}
        self.state.seconds += time.perf_counter() - start
        record["seconds"] = self.state.seconds
        return record

    def _evaluated(self) -> dict[str, np.ndarray]:
        return evaluated(self.recipe, self._compiled(self._batch_size).program, self.state.tree)
