"""The loss landscape of a good and of a poor minimum.

Two networks for digits have the same first weights and the same training, but for the learning rate. With a
good one the path of training leads into a basin. With one eight times as large the first steps throw the
weights so far that many ReLUs give 0 for every image: no gradient leads back to them, and training comes to
rest where most digits are still mistaken. A landscape is the loss on the plane in which most of the path
lies; the star is where it ends. What can be measured there does not give the poor minimum away: the gradient
is as small, the loss bends down in hardly any direction (the smallest eigenvalue of the Hessian is near 0),
and the plane around is flat.
The figure shows both planes in the same colours, with the paths of training on them.

Run with: python examples/loss_landscape.py, or with the name of an HTML file for the figure.
"""

import math
import sys

import numpy as np
from plotly.subplots import make_subplots
from sklearn.datasets import load_digits

import chainrule
from chainrule import doctor, nn

images, labels = load_digits(return_X_y=True)
images = images / 16 - 0.5
EPOCHS, BATCH = 20, 32
steps = EPOCHS * math.ceil(len(labels) / BATCH)
hidden = nn.Dense(32, "relu", weight=nn.he_normal())
network = nn.Sequential([hidden, hidden, nn.Dense(10)])

landscapes = {}
for name, rate in {"learning rate 0.05": 0.05, "learning rate 0.4": 0.4}.items():
    path = doctor.TrainingPath()  # a listener that keeps the weights of the epochs
    run = chainrule.train(
        network, (images, labels), loss="cross_entropy", optimizer=nn.momentum(nn.CosineDecay(rate, steps)),
        epochs=EPOCHS, batch_size=BATCH, listeners=[path],
    )  # fmt: skip
    landscape = doctor.loss_landscape(run, path=path, examples=len(labels))
    landscapes[name] = landscape
    end, weights = landscape.sharpness, run.parameters
    first = np.maximum(images @ weights["dense_1.weight"] + weights["dense_1.bias"], 0)
    second = np.maximum(first @ weights["dense_2.weight"] + weights["dense_2.bias"], 0)
    dead = [f"{(layer.max(0) == 0).sum()} of 32" for layer in (first, second)]
    print(f"{name}: loss {end.loss:.4f}, accuracy {run.evaluate((images, labels))['accuracy']:.1%}")
    print(f"  units that give 0 for every image: {' and '.join(dead)}")
    print(f"  length of the gradient {end.gradient:.4f}")
    print(f"  eigenvalues of the Hessian from {end.smallest:.4f} to {end.largest:.4f}")
    print(f"  {landscape.path.kept:.1%} of the path's squared distance from its end lies in the plane")

good, poor = (landscape.sharpness for landscape in landscapes.values())
assert good.loss < 0.05
assert poor.loss > 0.5
assert poor.gradient < 0.2
assert poor.smallest > -0.2

figure = make_subplots(1, 2, subplot_titles=list(landscapes), horizontal_spacing=0.08)
for column, landscape in enumerate(landscapes.values(), start=1):
    for trace in landscape.plot().data:  # contours of the logarithm of the loss, the path, and the star
        figure.add_trace(trace, row=1, col=column)
figure.update_traces(coloraxis="coloraxis", selector={"type": "contour"})
figure.update_traces(contours={"start": -2, "end": 1, "size": 0.2}, selector={"type": "contour"})
bar = {"title": {"text": "loss"}, "tickvals": [-2, -1, 0, 1], "ticktext": ["0.01", "0.1", "1", "10 and more"]}
figure.update_layout(
    coloraxis={"colorscale": "Cividis", "cmin": -2, "cmax": 1, "colorbar": bar},
    showlegend=False,
    hovermode="closest",
    height=460,
)
figure.update_xaxes(title="first principal component of the path")
figure.update_yaxes(title="second component", col=1)
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
