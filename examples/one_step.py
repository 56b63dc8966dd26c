"""One step of backpropagation by hand, beside what chainrule does.

A network of two inputs, two hidden units and one output is small enough to compute with pencil and paper.
This script writes the forward pass, the deltas, the gradients and the update in NumPy, and compares each of
them with `run.explain`. `run.program` is the same step as the program that training repeats. The figure shows
how the error depends on the step's length, and the slope that backpropagation predicts.

Run with: python examples/one_step.py, or python examples/one_step.py step.html to write the figure.
"""

import sys
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

import chainrule
from chainrule import nn


@dataclass(frozen=True)
class TwoLayers(nn.Layer):
    """y = σ(W_y h + b_y) of h = σ(W_h x + b_h): the fields name the layers as the textbook does."""

    h: nn.Layer
    y: nn.Layer

    def __call__(self, x):
        return self.y(self.h(x))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


x, t, rate = np.array([0.5, -1.0]), np.array([1.0]), 0.5
network = TwoLayers(h=nn.Dense(2, "sigmoid"), y=nn.Dense(1, "sigmoid"))
run = chainrule.train(
    network, (x[None], t[None]), loss=nn.HalfSquaredError(), optimizer=nn.sgd(rate), epochs=1, dtype="float64"
)
weights = run.parameters

# Forward pass. chainrule multiplies rows, x W + b; the textbook's matrix is the transpose of W.
h = sigmoid(x @ weights["h.weight"] + weights["h.bias"])
y = sigmoid(h @ weights["y.weight"] + weights["y.bias"])
error = 0.5 * np.sum((y - t) ** 2)  # E = ½ Σ (y − t)²

# Backward pass: the chain rule from the error to the input. The derivative of σ is σ (1 − σ).
delta_y = (y - t) * y * (1 - y)  # δ_y = ∂E/∂z_y
delta_h = (weights["y.weight"] @ delta_y) * h * (1 - h)  # δ_h = (W_yᵀ δ_y) σ'(z_h)
gradients = {
    "h.weight": np.outer(x, delta_h), "h.bias": delta_h, "y.weight": np.outer(h, delta_y), "y.bias": delta_y
}  # fmt: skip
after = {name: weights[name] - rate * gradients[name] for name in weights}  # θ ← θ − η ∂E/∂θ

explanation = run.explain(0)
by_hand = {"h": h, "y": y, "E": error, "δ_y": delta_y, "δ_h": delta_h, "W_h after": after["h.weight"].T}
for name, value in by_hand.items():
    ours = explanation.value(name)
    print(f"{name:10} by hand {np.round(value, 6).tolist()}  chainrule {ours.round(6).tolist()}")
    assert np.allclose(value, ours, rtol=1e-12)
print(run.program)


# The figure: the error along the negative gradient, and the straight line that the gradient promises.
def error_at(step):
    w = {name: weights[name] - step * gradients[name] for name in weights}
    return 0.5 * np.sum(
        (sigmoid(sigmoid(x @ w["h.weight"] + w["h.bias"]) @ w["y.weight"] + w["y.bias"]) - t) ** 2
    )


steps = np.linspace(0, 12, 61)
slope = -sum(np.sum(gradient**2) for gradient in gradients.values())  # dE/dη = −‖∂E/∂θ‖²
assert np.isclose((error_at(1e-5) - error_at(-1e-5)) / 2e-5, slope)
figure = go.Figure()
figure.add_scatter(x=steps, y=[error_at(step) for step in steps], name="error", line_color="#2f7fc4")
figure.add_scatter(
    x=steps[:21], y=error + slope * steps[:21], name="slope by backpropagation", line_color="#d9762b"
)
figure.add_scatter(x=[rate], y=[error_at(rate)], mode="markers", name="this step", marker_color="#7a5cc4")
figure.update_layout(xaxis_title="learning rate η of the one step", yaxis_title="error E after it")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
