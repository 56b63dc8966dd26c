"""Two inputs and two heads, trained from mappings of arrays, interrupted and resumed.

A fruit is described by a small image and three measured numbers. One head of the network predicts its kind,
the other its weight. Training stops after five epochs and resumes from its checkpoint; the figure compares it
with an unbroken run. Run with: python examples/two_heads.py, or with the name of an HTML file for the figure.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import chainrule
from chainrule import nn
from chainrule.program import functions as f


@dataclass(frozen=True)
class Fruit(nn.Layer):
    """Called with a mapping, as the data have it, and gives one: a Tensor a head."""

    image: nn.Layer
    numbers: nn.Layer
    kind: nn.Layer
    weight: nn.Layer

    def __call__(self, x):
        seen = f.concatenate([self.image(x["image"]), self.numbers(x["numbers"])])
        return {"kind": self.kind(seen), "weight": self.weight(seen)}


model = Fruit(
    image=nn.Sequential(
        [nn.Conv2D(4, 3, activation="relu"), nn.MaxPool2D(), nn.Flatten(), nn.Dense(8, "relu")]
    ),
    numbers=nn.Dense(8, "relu"),
    kind=nn.Dense(3),
    weight=nn.Dense(1),
)

# Made-up fruits: the kind decides where the image is bright, and kind and numbers decide the weight.
random = np.random.default_rng(0)
kind = random.integers(3, size=600)
image = 0.3 * random.normal(size=(600, 8, 8, 1))
image[np.arange(600), 2 * kind + 1] += 1.0  # a bright line
numbers = random.normal(size=(600, 3))
weight = numbers[:, :1] + kind[:, None] - 1.0
data = ({"image": image, "numbers": numbers}, {"kind": kind, "weight": weight})


def stop_early(event):
    """As if the machine were switched off after the fifth epoch."""
    if isinstance(event, chainrule.training.EpochDone) and event.record["epoch"] == 5:
        event.stop("switched off")


settings = {
    "loss": {"kind": "cross_entropy", "weight": "mean_squared_error"},
    "optimizer": nn.adam(0.01),
    "epochs": 12,
    "validation": 0.2,
}
with TemporaryDirectory() as folder:
    checkpoint = Path(folder) / "training.safetensors"
    first = chainrule.train(model, data, checkpoint=checkpoint, listeners=[stop_early], **settings)
    print(f"stopped after epoch {first.history[-1]['epoch']}: {first.stopped}")
    run = chainrule.train(model, data, checkpoint=checkpoint, **settings)  # goes on from there
    run.save(Path(folder) / "fruits")
    run = chainrule.load_run(Path(folder) / "fruits", classes=(Fruit,))

unbroken = chainrule.train(model, data, **settings)
assert all(np.array_equal(run.parameters[name], unbroken.parameters[name]) for name in run.parameters)

last = run.history[-1]
print(f"epoch {last['epoch']}: kinds right {last['validation_kind_accuracy']:.1%} of the time, "
      f"weight R² {last['validation_weight_r2']:.3f}")  # fmt: skip
said = run.predict({"image": image[:3], "numbers": numbers[:3]})
for row in range(3):
    chances = ", ".join(f"{chance:.2f}" for chance in said["kind"][row])
    print(f"kind {kind[row]}: {chances}; weight {weight[row, 0]:.2f}: {said['weight'][row, 0]:.2f}")

assert last["validation_kind_accuracy"] > 0.95
assert last["validation_weight_r2"] > 0.9

figure = make_subplots(cols=2, subplot_titles=("head 'kind': accuracy", "head 'weight': R²"))
for column, name in ((1, "validation_kind_accuracy"), (2, "validation_weight_r2")):
    for each, colour, dash in ((unbroken, "#d9762b", "solid"), (run, "#2f7fc4", "dot")):
        label = "interrupted and resumed" if each is run else "unbroken"
        curve = go.Scatter(
            x=[record["epoch"] for record in each.history], y=[record[name] for record in each.history],
            name=label, showlegend=column == 1, line={"color": colour, "dash": dash, "width": 3},
        )  # fmt: skip
        figure.add_trace(curve, row=1, col=column)
figure.update_xaxes(title="epoch")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
