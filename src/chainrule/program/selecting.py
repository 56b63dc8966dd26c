"""Programs made of some steps of another."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chainrule.program.program import Program
from chainrule.program.value import Step, Value


def ending_in(program: Program, outputs: Mapping[str, Value]) -> Program:
    """The steps that these values need, and nothing else. Steps that watch come as soon as they can."""
    needed, steps = {*outputs.values()}, []
    for step in reversed(program.steps):
        if step.output in needed:
            needed.update(step.inputs)
            steps.append(step)
    return replace(program, steps=_promptly(steps[::-1]), outputs=dict(outputs), updates={}, deltas={})


def _promptly(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps of part 'watch' right behind what they read, so that nothing is kept for them alone."""
    watching: dict[Value, list[Step]] = defaultdict(list)
    lacking: dict[Step, int] = {}
    ordered: list[Step] = []
    rest: list[Step] = []
    made = {step.output for step in steps}
    for step in steps:
        if step.part != "watch":
            rest.append(step)
            continue
        lacking[step] = 0
        for value in {*step.inputs} & made:
            lacking[step] += 1
            watching[value].append(step)

    def follow(step: Step) -> None:
        ordered.append(step)
        for each in watching[step.output]:
            lacking[each] -= 1
            if not lacking[each]:
                follow(each)

    for step in [*(step for step, count in lacking.items() if not count), *rest]:
        follow(step)
    return tuple(ordered)
