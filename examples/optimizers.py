"""Five optimizers on one problem, and their paths through a narrow valley.

SGD follows the gradient; momentum averages it; AdaGrad, RMSProp and Adam divide it by its usual size, for
each weight. The left figure has two weights, so that the path can be drawn: the error E = ½ (w₁² + 20 w₂²)
is a valley twenty times as steep across as along. The right one trains a network on the diabetes data of
scikit-learn.

Run with: python examples/optimizers.py, or with the name of an HTML file for the figure.
"""

import sys
from dataclasses import dataclass

import numpy as np
from plotly.subplots import make_subplots
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import chainrule
from chainrule import nn

# Two examples and a layer without a bias have just this error: with x = (1, 0) and (0, √20) and targets of 0,
# the sum of ½ (x · w)² is ½ w₁² + ½ · 20 w₂². The loss is the mean of the two, hence the factor √2.
valley_x = np.sqrt(2) * np.array([[1.0, 0.0], [0.0, np.sqrt(20)]])
valley = (valley_x, np.zeros((2, 1)))


@dataclass(frozen=True)
class TwoWeights(nn.Layer):
    """y = x w, from w = (2, 2)."""

    def __call__(self, x):
        return x @ self.param("w", (2, 1), nn.constant(2.0), x.dtype)


rates = {"sgd": 0.08, "momentum": 0.02, "adagrad": 0.5, "rmsprop": 0.1, "adam": 0.2}


def path(name):
    """The weights after every step: (steps + 1, 2)."""
    places = [np.full(2, 2.0)]

    def listen(event):
        if isinstance(event, chainrule.training.EpochDone):  # an epoch is one step here
            places.append(event.weights()["two_weights_1.w"][:, 0].copy())

    optimizer = nn.PRESETS[name](rates[name])
    chainrule.train(
        TwoWeights(), valley, loss=nn.HalfSquaredError(), optimizer=optimizer, epochs=60, listeners=[listen]
    )
    return np.array(places)


columns, progression = load_diabetes(return_X_y=True)
data = (scale(columns), scale(progression)[:, None])
network = nn.Sequential([nn.Dense(64, "relu"), nn.Dense(64, "relu"), nn.Dense(1)])

colours = dict(zip(rates, ("#2f7fc4", "#d9762b", "#3d9970", "#c2478f", "#7a5cc4"), strict=True))
figure = make_subplots(cols=2, subplot_titles=("paths through a valley", "training loss of a network"))
w1, w2 = np.linspace(-1, 2.3, 60), np.linspace(-2.2, 2.3, 60)
figure.add_contour(
    x=w1, y=w2, z=np.sqrt(0.5 * (w1[None] ** 2 + 20 * w2[:, None] ** 2)), contours_coloring="lines",
    ncontours=12, line_width=1, colorscale=["#8b919b", "#8b919b"], showscale=False, hoverinfo="skip",
    row=1, col=1,
)  # fmt: skip
for name in rates:
    places = path(name)
    error = 0.5 * (places[-1, 0] ** 2 + 20 * places[-1, 1] ** 2)
    optimizer = nn.PRESETS[name](rates[name] / 20)
    run = chainrule.train(network, data, loss="mean_squared_error", optimizer=optimizer, epochs=30)
    losses = [record["loss"] for record in run.history]
    print(
        f"{name:9} valley: error after 60 steps {error:.1e}; network: loss after 30 epochs {losses[-1]:.3f}"
    )
    assert error < 1, "each of them goes down the valley"
    look = {"name": name, "line_color": colours[name], "legendgroup": name}
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="lines+markers", marker_size=4, **look, row=1, col=1
    )
    figure.add_scatter(x=list(range(1, 31)), y=losses, showlegend=False, **look, row=1, col=2)
figure.update_xaxes(title="w₁", row=1, col=1).update_yaxes(title="w₂", row=1, col=1)
figure.update_xaxes(title="epoch", row=1, col=2).update_yaxes(title="mean squared error", row=1, col=2)
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
