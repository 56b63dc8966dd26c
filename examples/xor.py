"""The perceptron, and the exclusive or that was too much for it.

Rosenblatt's perceptron (1958) draws one straight line between two classes. For 'and' a line exists, and its
learning rule finds it. For 'exclusive or' no line exists (Minsky and Papert 1969). A hidden layer solves
it: backpropagation finds the weights of both layers. The figure shows the four examples, and the class that
each network predicts at every point of the plane.

Run with: python examples/xor.py, or python examples/xor.py xor.html to write the figure.
"""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import chainrule
from chainrule import nn

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
both = np.array([0, 0, 0, 1])
either = np.array([0, 1, 1, 0])

# One neuron: y = 1 where w · x + b > 0. Its rule changes the weights only after a mistake.
perceptron = nn.Perceptron().fit(x, both)
print("and:", perceptron.message)
print("xor:", nn.Perceptron().fit(x, either).message)

# Two layers: eight hidden units, then one that gives the logit of 'yes'.
network = nn.Sequential([nn.Dense(8, "tanh", weight=nn.glorot_uniform()), nn.Dense(1)])
run = chainrule.train(
    network, (x, either), loss="binary_cross_entropy", optimizer=nn.adam(0.05), epochs=200, batch_size=4
)
probability = run.predict(x)[:, 0]
for inputs, target, chance in zip(x, either, probability, strict=True):
    print(f"{inputs.astype(int)}  target {target}  probability of 1: {chance:.3f}")
assert ((probability > 0.5) == either).all()

# The figure: what each of them answers everywhere in the plane.
side = np.linspace(-0.5, 1.5, 81)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (points, 2)
answers = {
    "perceptron: and": (perceptron.predict(plane), both),
    "two layers: exclusive or": (run.predict(plane)[:, 0], either),
}
figure = make_subplots(cols=2, subplot_titles=list(answers))
for column, (answer, targets) in enumerate(answers.values(), start=1):
    area = go.Heatmap(
        x=side, y=side, z=answer.reshape(81, 81).astype(float), zmin=0, zmax=1,
        colorscale=["#9db8d9", "#e6e1d8", "#e0a173"], showscale=False, hoverinfo="skip",
    )  # fmt: skip
    figure.add_trace(area, row=1, col=column)
    for target, colour in ((0, "#1f5a9e"), (1, "#b9541a")):
        points = x[targets == target]
        figure.add_scatter(
            x=points[:, 0], y=points[:, 1], mode="markers", name=f"target {target}", showlegend=column == 1,
            marker={"size": 13, "color": colour, "line": {"width": 2, "color": "white"}}, row=1, col=column,
        )  # fmt: skip
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
