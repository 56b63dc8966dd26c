"""The training loop: epochs of steps, and events. It knows none of its listeners."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.data import Part, Position
from chainrule.errors import TrainingError
from chainrule.training.diagnose import not_finite_error, sizes_of
from chainrule.training.events import (
    Amended,
    BrokenDown,
    Ended,
    EpochDone,
    Event,
    Listener,
    Started,
    StepsDone,
)
from chainrule.training.findings import findings_in
from chainrule.training.probes import EACH_STEP, Probe, by_place, every_step
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.replay import Past, replayed
from chainrule.training.run import Run
from chainrule.training.sessions import Sessions
from chainrule.training.state import Record, RunState
from chainrule.training.step import Batch, evaluated, held_by_model
from chainrule.training.supply import Supply

_SECONDS_PER_CALL = 0.1  # between looks at the clock, the listeners and Ctrl-C
_PAST_BYTES = 4 << 20  # of chunks that are kept to replay the last steps


@dataclass
class Loop:
    """Trains a state in place, on one chunk of the data after the other.

    Where a listener amends it, another recipe and state take their place.
    listeners: told of every event, in this order. watch: epoch, from 1 -> what is measured in it, at its last
    full batch or at every step. interrupted: asked between calls; True ends the run in order.
    """

    recipe: Recipe
    programs: Programs
    data: Supply
    state: RunState
    listeners: Sequence[Listener]
    watch: Callable[[int], tuple[Probe, ...]]
    interrupted: Callable[[], bool]
    _amendment: tuple[Recipe, RunState] | None = field(default=None, init=False)

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
        state, batch = self.state, Batch.of(self.data.sample, self._batch_size)
        parameters = state.best or self._evaluated()
        return Run(
            self.recipe,
            parameters,
            state.history,
            reason,
            state.best_epoch,
            batch,
            columns=self.data.sample.inputs.columns,
            executor=self.programs.executor,
            diagnosis=findings_in(state.journal),
        )

    def _train(self) -> str:
        """The reason for which it ended, as in `Ended`."""
        self._make_ready()
        reasons: list[str] = []
        started = Started(
            epochs=self.recipe.epochs,
            steps_per_epoch=steps_per_epoch(self.data.examples, self._batch_size, self._last_parts),
            examples=self.data.examples,
            parameters=sum(v.size for v in self._program.parameters),
            first_epoch=self.state.epoch + 1,
            state=self.state,
            stop=reasons.append,
            data=self.data,
            amend=self._amend,
        )
        self._tell(started)
        while self.state.epoch < self.recipe.epochs and not reasons:
            try:
                record = self._epoch(self.state.epoch + 1)
            except TrainingError as error:
                if not self._tell(BrokenDown(error, self.state, self._amend)):
                    raise
                continue
            if record is None:
                reasons.append("interrupted")
                break
            self.state.epoch = record["epoch"]
            self.state.history.append(record)
            if self.programs.fallback and record["epoch"] == started.first_epoch:
                record["executor"] = f"numpy: {self.programs.fallback}"
            self._fetch()
            done = EpochDone(
                record,
                self.state,
                reasons.append,
                self._evaluated,
                self._changed,
                self._amend,
                ending=lambda: reasons[0] if reasons else self._ending(),
            )
            if self._tell(done):
                reasons.clear()
            if self.interrupted():
                reasons.append("interrupted")
        return reasons[0] if reasons else "epochs"

    def _make_ready(self) -> None:
        """Programs, sessions and what is known of them, for the recipe and the state as they are."""
        self._batch_size = self.data.rows(self.recipe.batch_size)
        self._last_parts, _ = self.data.last_parts(self._batch_size)
        self._watched = self.watch(self.state.epoch + 1)
        self._sessions = Sessions(self.data, self._batch_size, self.state.tree, every_step(self._watched))
        self._program, self._session = self._sessions.program, self._sessions.first
        self._start = sizes_of(self.state.tree, self._program.parameters)
        self._held = [value.name for value in held_by_model(self._program)]
        self._rates = [v.name for v in self._program.state if v.name.endswith(".learning_rate")]
        self._steps_per_call = 1
        self._keep_past()

    def _tell(self, event: Event) -> bool:
        """Tell everyone: whether one amended the training. Those after it hear `Amended` instead."""
        for listener in self.listeners:
            listener(event)
            if self._amendment is not None:
                break
        else:
            return False
        (self.recipe, self.state), self._amendment = self._amendment, None
        self.state.recipe, self.state.patience_since = self.recipe.to_plain(), self.state.epoch
        self.programs = self.programs.by(self.recipe)
        self.data = replace(self.data, programs=self.programs)
        self._make_ready()
        self._tell(Amended(self.recipe, self.state, self.programs))
        return True

    def _amend(self, recipe: Recipe, state: RunState) -> None:
        self._amendment = recipe, state

    def _ending(self) -> str:
        return "epochs" if self.state.epoch >= self.recipe.epochs else ""

    def _fetch(self) -> None:
        """Bring the state up to date: the tree may be where the executor keeps it."""
        tree = self.state.tree
        for name, array in self._session.read().items():
            if array is not tree[name]:
                tree[name][...] = array

    def _changed(self) -> None:
        """A listener wrote to the state's arrays: the session gets them."""
        self._session.write(self.state.tree)
        self._keep_past()

    def _epoch(self, epoch: int) -> Record | None:
        """One pass over the data, from where the state stands in it; None if interrupted before its end."""
        state, recipe = self.state, self.recipe
        self._since = time.perf_counter()
        self._watched = self.watch(epoch)
        self._at_last = every_step(self._watched) != self._watched
        seed = recipe.seed if recipe.shuffle else None
        place = Position(*state.position)
        sizes: dict[str, float] = {}
        others: list[tuple[float, int]] = []  # losses of batches of other sizes, which come last
        with closing(self.data.feed(self._batch_size, seed, epoch, place, self._last_parts)) as parts:
            for part in parts:
                if part.full:
                    kept = self._full(part, epoch)
                    if kept is None:
                        self._up_to_date()
                        return None
                    sizes = kept
                    continue
                outputs = self._steps(part, part.order, at_last=self._at_last and not state.batch)
                others.append((float(outputs.pop("loss")[0]), part.order.shape[1]))
                self._tell(StepsDone(epoch, state.step, others[-1][0]))
                kept = self._kept(outputs)
                sizes = sizes or kept
                state.batch += 1
        self._refuse_not_finite()
        full = state.batch - len(others)
        total = state.loss_sum * self._batch_size
        for loss, rows in others:
            total += loss * rows
        examples = full * self._batch_size + sum(rows for _, rows in others)
        state.batch, state.loss_sum, state.position = 0, 0.0, (0, 0, 0)
        record = self._record(epoch, total / examples, sizes)
        if (share := self.data.padding(self._batch_size, seed, epoch)) is not None:
            record["padding"] = share
        return record

    def _full(self, part: Part, epoch: int) -> dict[str, float] | None:
        """Steps of full batches, and what they measured for the epoch.

        None if interrupted before their end.
        """
        state, sizes, done = self.state, {}, 0
        last = self._at_last and part.last
        while done < len(part.order):
            if self.interrupted():
                return None
            left = len(part.order) - done
            at_last = last and left == 1
            count = 1 if at_last else min(self._steps_per_call, left - last)
            outputs = self._steps(part, part.order[done : done + count], at_last=at_last)
            # One by one: the bits of the sum must not depend on how many steps the clock allowed in a call.
            losses = outputs.pop("loss").tolist()
            for each in losses:
                state.loss_sum += each
            sizes = self._kept(outputs)
            done += count
            state.batch += count
            place = part.after(done)
            state.position = (place.chunk, place.row, place.batch)
            # After the last full batch come those of other sizes, and what it measured is in no state yet.
            saved = None if part.last and done == len(part.order) else self._up_to_date
            self._tell(StepsDone(epoch, state.step, losses[-1], saved))
        return sizes

    def _up_to_date(self) -> RunState:
        """The state, with all that is known by now."""
        self._refuse_not_finite()
        self._fetch()
        self._count_seconds()
        return self.state

    def _count_seconds(self) -> None:
        now = time.perf_counter()
        self.state.seconds += now - self._since
        self._since = now

    def _steps(self, part: Part, order: np.ndarray, *, at_last: bool) -> dict[str, np.ndarray]:
        """Some steps in one call, timed so that calls stay short."""
        watch = self._watched if at_last else every_step(self._watched)
        program, session = self._sessions.of(part.arrays, part.order.shape[1], watch)
        start, calls = time.perf_counter(), self._past.calls
        if calls and calls[-1][1] is not part.arrays:
            self._past_bytes += sum(array.nbytes for array in calls[-1][1].values())
        del calls
        if start > self._past_until or self._past_bytes > _PAST_BYTES:
            self._refuse_not_finite()
            self._keep_past()
        self._past.calls.append((program, part.arrays, order))
        outputs = session.run_many(part.arrays, order)
        seconds = max(time.perf_counter() - start, 1e-9)
        if not np.isfinite(outputs["loss"]).all():
            raise self._broken_down()
        self.state.step += len(order)
        fitting = int(_SECONDS_PER_CALL * len(order) / seconds)
        self._steps_per_call = max(1, min(2 * self._steps_per_call, fitting))
        return outputs

    def _kept(self, outputs: dict[str, np.ndarray]) -> dict[str, float]:
        """What the last step measured for the epoch; what every step measured is added to the state."""
        sizes = {}
        for name, values in outputs.items():
            if name.endswith(EACH_STEP):
                self.state.watched.setdefault(name, []).extend(values.tolist())
            else:
                sizes[name] = float(values[-1])
        return sizes

    def _keep_past(self) -> None:
        """Copies take time, so they are made as seldom as the listeners are told."""
        tree = {name: array.copy() for name, array in self._session.read().items()}
        self._past = Past(self.state.step, tree, self.state.loss_sum)
        self._past_bytes = 0  # of chunks before the one in use
        self._past_until = time.perf_counter() + _SECONDS_PER_CALL

    def _refuse_not_finite(self) -> None:
        """Check the weights too: those of the last step are in no loss yet."""
        if not all(np.isfinite(array).all() for array in self._session.read(self._held).values()):
            raise self._broken_down()

    def _broken_down(self) -> TrainingError:
        """The error, with the state as it was before the step that broke down."""
        state, breakdown = self.state, replayed(self._past)
        for name, array in breakdown.tree.items():
            state.tree[name][...] = array
        self._session.write(state.tree)
        done = breakdown.step - (breakdown.program is not None)
        state.batch, state.step = max(0, state.batch + done - state.step), done
        state.position = (0, 0, state.batch)
        state.watched = {name: values[: state.batch] for name, values in state.watched.items()}
        losses = breakdown.losses
        before = self._past.loss_sum if state.batch > len(losses) else 0.0  # else the epoch began since
        state.loss_sum = before + sum(losses[max(0, len(losses) - state.batch) :])
        return not_finite_error(breakdown, self._start, state.epoch + 1)

    def _record(self, epoch: int, loss: float, sizes: dict[str, float]) -> Record:
        record: Record = {"epoch": epoch, "step": self.state.step}
        if self._rates:
            record["learning_rate"] = float(self._session.read(self._rates[-1:])[self._rates[-1]])
        record["loss"] = loss
        if sizes:
            record["watch"] = by_place(sizes)
        if self.state.watched:
            record["watch_steps"] = by_place(self.state.watched)
            self.state.watched = {}
        self._count_seconds()
        record["seconds"] = self.state.seconds
        return record

    def _evaluated(self) -> dict[str, np.ndarray]:
        return evaluated(self.recipe, self._program, self.state.tree)


def steps_per_epoch(examples: int | None, batch_size: int, last_parts: int) -> int | None:
    """None where nobody knows before an epoch has ended."""
    return None if examples is None else -(-examples // batch_size) - (last_parts == 1)
