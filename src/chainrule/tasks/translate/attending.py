"""Where a translator looks: the attention of its last block to the source, at each token that it writes."""

from collections.abc import Sequence

import numpy as np

from chainrule.executors import usable_executor
from chainrule.nn.layer import building
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.tasks.translate.network import BEGIN, Translation
from chainrule.training import Run


def attended(run: Run, source: np.ndarray, written: Sequence[int]) -> np.ndarray:
    """Shares of the source tokens, (written + 1, source), the mean of all heads; the last row is of the end.

    source: its tokens, with an end. written: the tokens of the translation, without beginning and end.
    """
    objective = run.recipe.objective
    assert isinstance(objective, Translation)
    trace = Trace()
    target = np.array([[BEGIN, *written]], np.int32)
    given = {"source": source[None], "mask": np.ones((1, len(source)), bool), "target": target}
    texts, mask, own = (trace.input(name, array.shape, str(array.dtype)) for name, array in given.items())
    with building(trace, training=False) as built, built.holding(objective.layers()):
        objective.model(texts, mask, own)
    # The last attention of the program is that of the last block to the source.
    step = [each for each in trace.steps if each.operation == "attention"][-1]
    queries, keys = (Tensor(value, trace) for value in step.inputs[:2])
    scores = queries @ keys.transpose(0, 1, 3, 2) * queries.shape[-1] ** -0.5
    program = trace.program({"shares": f.softmax(scores).mean(1)})
    compiled = usable_executor(run.executor)[0].compile(program)
    return compiled.run(dict(run.parameters), given)["shares"][0]
