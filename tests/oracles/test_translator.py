"""The translator beside the same in PyTorch, with the same weights: the scores and the loss."""

from typing import Any

import numpy as np
import pytest

from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.program import Trace
from chainrule.tasks.translate.network import Translation, Translator

torch: Any = pytest.importorskip("torch")

MODEL = Translator(vocabulary=13, width=24, encoders=2, decoders=2, heads=3, longest=8)
LAYERS = {
    "self_attention_1.dense_1": "attention.qkv",
    "self_attention_1.dense_2": "attention.out",
    "cross_attention_1.dense_1": "cross.kv",
    "inner_1.dense_1": "up",
    "inner_1.dense_2": "down",
    "rmsnorm_1": "norms.0",
    "rmsnorm_2": "norms.1",
    "rmsnorm_3": "norms.2",
}
OTHERS = {
    "embedding": "embedding",
    "encoder_1.rmsnorm_1.scale": "read.scale",
    "writing_1.rmsnorm_1.scale": "last.scale",
}
BARE = {
    "cross_attention_1.query_weight": "cross.q.weight",
    "cross_attention_1.output_weight": "cross.out.weight",
}


def torch_name(name: str) -> str:
    """The parameter of the same meaning there."""
    name = name.removeprefix("model.")
    if name in OTHERS:
        return OTHERS[name]
    side, block, rest = name.split(".", 2)
    place = f"{'reading' if side.startswith('encoder') else 'writing'}.{int(block[-1]) - 1}"
    if rest in BARE:
        return f"{place}.{BARE[rest]}"
    layer, _, kind = rest.rpartition(".")
    return f"{place}.{LAYERS[layer]}.{kind}"


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_scores_and_the_loss_are_those_of_pytorch(smoothing: float):
    from benchmarks.texts.pytorch_translator import TorchTranslator

    random = np.random.default_rng(0)
    given = {
        "x.source.values": random.integers(3, 13, (4, 7)).astype(np.int32),
        "x.source.mask": np.arange(7) < np.array([[7], [3], [5], [1]]),
        "x.target.values": random.integers(3, 13, (4, 6)).astype(np.int32),
        "x.target.mask": np.arange(6) < np.array([[2], [6], [4], [5]]),
    }
    objective = Translation(MODEL, smoothing)
    trace = Trace()
    inputs = {name: trace.input(name, array.shape, str(array.dtype)) for name, array in given.items()}
    with building(trace, training=False) as built, built.holding(objective.layers()):
        loss = objective.record(inputs).loss
    program = trace.program({"loss": loss})
    tree = {value.name: random.normal(size=value.shape).astype("f4") * 0.4 for value in program.parameters}
    network = TorchTranslator(MODEL).eval()
    known = dict(network.named_parameters())
    with torch.no_grad():
        for name, array in tree.items():
            place = known.pop(torch_name(name))
            place.copy_(torch.tensor(array.T if array.ndim == 2 and "embedding" not in name else array))
        assert not known
        source, mask, target, counted = (torch.tensor(each) for each in given.values())
        scores = network(network.memory(source.long(), mask), mask, target.long()[:, :-1])
        counted = counted[:, 1:]
        expected = torch.nn.functional.cross_entropy(
            scores[counted], target.long()[:, 1:][counted], label_smoothing=smoothing
        )
    assert compile_numpy(program).run(tree, given)["loss"] == pytest.approx(float(expected), rel=1e-5)
