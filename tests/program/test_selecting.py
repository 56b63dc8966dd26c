"""Programs made of some steps of another: what the outputs need, and watching as soon as it can be done."""

import numpy as np

from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace, ending_in


def test_what_the_outputs_do_not_need_is_left_out_and_watching_follows_what_it_reads():
    trace = Trace()
    x = trace.input("x", (4, 3))
    y = x * 2.0
    z = y + 1.0
    other = z * z
    with trace.at(part="watch"):
        sizes = {"y": (y * y).mean(), "z": z.max(), "both": (y + z).min()}
    program = trace.program({"other": other, **sizes})
    chosen = ending_in(program, {name: program.outputs[name] for name in sizes})
    operations = [step.operation for step in chosen.steps if step.operation != "constant"]
    assert program.outputs["other"] not in [step.output for step in chosen.steps]
    place = {step.output: number for number, step in enumerate(chosen.steps)}
    y_value, z_value = (step.output for step in chosen.steps if step.part == "forward" and step.inputs)
    assert place[y_value] < place[chosen.outputs["y"]] < place[z_value] < place[chosen.outputs["z"]]
    assert len(operations) == len([step for step in program.steps if step.operation != "constant"]) - 1
    given = np.arange(12, dtype=np.float32).reshape(4, 3)
    found, whole = (compile_numpy(each).run({}, {"x": given}) for each in (chosen, program))
    assert {*found} == {*sizes}
    for name in sizes:
        np.testing.assert_array_equal(found[name], whole[name])
