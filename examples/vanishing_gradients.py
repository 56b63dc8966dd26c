"""Vanishing gradients, measured by layer and cured.

The delta of a layer is the gradient of the loss with respect to its output. Going back through a sigmoid
multiplies it by σ'(z), which is at most ¼, so ten sigmoid layers leave almost nothing for the first: it
does not learn. Probes measure the deltas within the training step. ReLU with He's initial weights, or
shortcuts around the layers with batch normalization, keep the deltas at one size.
The figure shows the size of the delta of every layer.

Run with: python examples/vanishing_gradients.py, or with the name of an HTML file for the figure.
"""

import sys

import numpy as np
import plotly.graph_objects as go
from sklearn.datasets import load_digits

import chainrule
from chainrule import nn

images, labels = load_digits(return_X_y=True)
images = images / 16 - 0.5
DEPTH, WIDTH = 10, 64


def deep(layer):
    """DEPTH such layers between the first one and the one that gives the logits of ten digits."""
    return nn.Sequential([nn.Dense(WIDTH), *[layer] * DEPTH, nn.Dense(10)])


sigmoid = nn.Dense(WIDTH, "sigmoid", weight=nn.glorot_uniform())
networks = {
    "sigmoid": deep(sigmoid),
    "ReLU, He's initial weights": deep(nn.Dense(WIDTH, "relu", weight=nn.he_normal())),
    "sigmoid with shortcuts": deep(nn.Residual([nn.BatchNorm(), sigmoid])),
}
probe = chainrule.Probe("delta", every="step")  # the root mean square of every layer's delta, at every step
first_steps, accuracy = {}, {}
for name, network in networks.items():
    run = chainrule.train(
        network, (images, labels), loss="cross_entropy", optimizer=nn.adam(0.001), epochs=10, validation=0.2,
        watch=[probe],
    )  # fmt: skip
    steps = run.history[0]["watch_steps"]  # layer -> probe -> a number for each step of the first epoch
    layers = [layer for layer in steps if "dense" in layer][1:-1]  # the ten between the first and the last
    first_steps[name] = [np.mean(steps[layer]["delta"][:5]) for layer in layers]
    accuracy[name] = run.history[-1]["validation_accuracy"]
    sizes = first_steps[name]
    print(f"{name}: delta at layer 1 / delta at layer {DEPTH} = {sizes[0] / sizes[-1]:.1e}; "
          f"accuracy after 10 epochs {accuracy[name]:.1%}")  # fmt: skip

assert (
    accuracy["sigmoid"]
    < 0.5
    < 0.9
    < min(accuracy["ReLU, He's initial weights"], accuracy["sigmoid with shortcuts"])
)

figure = go.Figure()
for (name, sizes), colour in zip(first_steps.items(), ("#c2478f", "#2f7fc4", "#d9762b"), strict=True):
    figure.add_scatter(
        x=list(range(1, DEPTH + 1)), y=sizes, name=name, mode="lines+markers", line_color=colour
    )
figure.update_xaxes(title="layer, from the input to the output", dtick=1)
figure.update_yaxes(title="root mean square of the delta", type="log", exponentformat="power")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
