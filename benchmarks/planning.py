"""The command: python -m benchmarks.planning.

It prints how long the first step of deep networks takes to come: recording, differentiating and planning of
fully connected layers and of transformer blocks, by depth. Each try has a process of its own, as the program
of someone who trains one network. Times of Python are this thread's own, so that other programs disturb them
little; that of the first run is by the clock.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figures import write_figures
from chainrule import nn
from chainrule.backprop import differentiate
from chainrule.executors.native.executor import NativeProgram
from chainrule.nn.layer import Layer, building
from chainrule.program import Trace
from chainrule.program.garbage import no_garbage_collection
from chainrule.training import Batch, Recipe, Supervised, initial_tree, training_step

WIDTH, ROWS, CLASSES = 64, 64, 10
SEQUENCES, CONTEXT, HEADS, VOCABULARY = 8, 64, 4, 65


@dataclass(frozen=True)
class Start:
    """What comes before the second step, in milliseconds, each the least of several tries.

    network: 'dense' or 'transformer'. depth: layers or blocks. steps: of the program. trace: recording the
    forward pass and the loss. differentiate: deriving it. record: recording the whole training step, both and
    the update. plan: making its plan. first_step: running it once.
    """

    network: str
    depth: int
    steps: int
    trace: float
    differentiate: float
    record: float
    plan: float
    first_step: float

    @property
    def total(self) -> float:
        """From the description of the network to the end of its first step."""
        return self.record + self.plan + self.first_step

    @property
    def plan_of_a_step(self) -> float:
        """Microseconds of planning for each step of the program."""
        return 1e3 * self.plan / self.steps


def dense(depth: int) -> tuple[Recipe, Batch]:
    """So many layers of 64 units with relu, and ten classes; batches of 64; Adam."""
    layers: list[Layer] = [nn.Dense(WIDTH, "relu") for _ in range(depth)]
    batch = Batch({"x": ((ROWS, WIDTH), "float32"), "y": ((ROWS,), "int32")})
    return _recipe([*layers, nn.Dense(CLASSES)], ROWS), batch


def transformer(depth: int) -> tuple[Recipe, Batch]:
    """So many causal blocks of width 64 over 64 tokens; batches of 8; Adam."""
    blocks: list[Layer] = [nn.TransformerBlock(HEADS, causal=True) for _ in range(depth)]
    start: list[Layer] = [nn.Embedding(VOCABULARY, WIDTH), nn.PositionalEncoding("learned", CONTEXT)]
    shape = (SEQUENCES, CONTEXT)
    batch = Batch({"x": (shape, "int32"), "y": (shape, "int32")})
    return _recipe([*start, *blocks, nn.LayerNorm(), nn.Dense(VOCABULARY)], SEQUENCES), batch


def _recipe(layers: Sequence[Layer], rows: int) -> Recipe:
    return Recipe(Supervised(nn.Sequential(layers), nn.SoftmaxCrossEntropy()), nn.adam(), batch_size=rows)


NETWORKS: dict[str, Callable[[int], tuple[Recipe, Batch]]] = {"dense": dense, "transformer": transformer}


def measure(network: str, depth: int, tries: int) -> Start:
    """The least of several tries; each starts from the description of the network."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        found = list(processes.map(_once, [network] * tries, [depth] * tries))
    least = {each.name: min(getattr(start, each.name) for start in found) for each in fields(Start)}
    return Start(**least)


def _once(network: str, depth: int) -> Start:
    recipe, batch = NETWORKS[network](depth)
    start = time.thread_time()
    step = training_step(recipe, batch)
    recorded = time.thread_time()
    compiled = NativeProgram(step.program)
    compiled.plan(batch.rows)
    planned = time.thread_time()
    first = _first_step(compiled, initial_tree(recipe, step), batch)
    record, plan = 1e3 * (recorded - start), 1e3 * (planned - recorded)
    return Start(network, depth, len(step.program.steps), *_parts(recipe, batch), record, plan, first)


def _parts(recipe: Recipe, batch: Batch) -> tuple[float, float]:
    """Milliseconds of the forward pass and the loss, and of deriving them, which are part of recording."""
    trace = Trace()
    inputs = {name: trace.input(name, *given) for name, given in batch.inputs.items()}
    with no_garbage_collection():  # as training_step does
        start = time.thread_time()
        with building(trace, training=True):
            loss = recipe.objective.record(inputs).loss
        traced = time.thread_time()
        differentiate(loss, trace.parameters.values())
        differentiated = time.thread_time()
    return 1e3 * (traced - start), 1e3 * (differentiated - traced)


def _first_step(compiled: NativeProgram, tree: dict[str, np.ndarray], batch: Batch) -> float:
    """Milliseconds of one step by the clock, threads of its own included."""
    arrays = {name: np.zeros(shape, dtype) for name, (shape, dtype) in batch.inputs.items()}
    session, order = compiled.bind(tree), np.arange(batch.rows)[None]
    start = time.perf_counter()
    session.run_many(arrays, order)
    return (time.perf_counter() - start) * 1e3


def line(start: Start) -> str:
    """A row of the table."""
    times = (start.trace, start.differentiate, start.record, start.plan, start.first_step, start.total)
    columns = "".join(f"{each:>15.1f}" for each in times)
    return f"{start.network:12}{start.depth:>6}{start.steps:>8}{columns}{start.plan_of_a_step:>12.1f}"


def _whole_numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word.strip()]


def main() -> None:
    """Print a line for each depth, and write them to a file where one is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__)
    parser.add_argument("--layers", type=_whole_numbers, default=[64, 128, 256, 512], help="64,128,256,512")
    parser.add_argument("--blocks", type=_whole_numbers, default=[4, 8, 16, 32], help="4,8,16,32")
    parser.add_argument("--tries", type=int, default=3, help="the least time of so many counts (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    names = ("trace", "differentiate", "whole record", "plan", "first step", "record to end")
    print(f"{'ms':12}{'depth':>6}{'steps':>8}{''.join(f'{name:>15}' for name in names)}{'µs a step':>12}")
    starts: list[Start] = []
    depths = {"dense": given.layers, "transformer": given.blocks}
    for network, depth in ((name, depth) for name in NETWORKS for depth in depths[name]):
        starts.append(measure(network, depth, given.tries))
        print(line(starts[-1]), flush=True)
    if given.json is not None:
        write_figures(given.json, "bench-planning", [asdict(start) for start in starts])


if __name__ == "__main__":
    main()
