"""Handwritten digits with a small convolutional network.

The 1,797 digits that scikit-learn ships are images of 8 × 8 pixels. Two convolutions and one dense layer
recognize 97 % of those held out. The figure shows the filters that the first layer learned, and digits that
the network got wrong.

Run with: python examples/digits_convolution.py, or with the name of an HTML file for the figure.
"""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule
from chainrule import nn

images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8, 1) / 16  # (examples, height, width, channels), 0 … 1
train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=0.25, random_state=0)

network = nn.Sequential(
    [
        nn.Conv2D(8, 3, padding="same", activation="relu"),
        nn.MaxPool2D(2),
        nn.Conv2D(16, 3, padding="same", activation="relu"),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Dense(10),  # one logit a digit; the loss applies the softmax
    ]
)
print(nn.summary(network, (8, 8, 1)))
run = chainrule.train(
    network, (train_x, train_y), loss="cross_entropy", optimizer=nn.adam(0.005), epochs=15, validation=0.1
)

probabilities = run.predict(test_x)  # (examples, 10)
said = probabilities.argmax(axis=1)
wrong = np.flatnonzero(said != test_y)
print(f"{np.mean(said == test_y):.1%} of {len(test_y)} digits are right, {len(wrong)} are wrong")
for index in wrong[:8]:
    print(f"  a {test_y[index]} was taken for a {said[index]} (probability {probabilities[index].max():.2f})")
assert np.mean(said == test_y) > 0.95

# The figure: eight filters of 3 × 3 above, eight mistakes below.
filters = run.parameters["conv2d_1.weight"][:, :, 0]  # (3, 3, filters)
pictures = [filters[..., number] for number in range(8)] + [test_x[index, :, :, 0] for index in wrong[:8]]
titles = [f"filter {number + 1}" for number in range(8)] + [f"{test_y[i]}, not {said[i]}" for i in wrong[:8]]
figure = make_subplots(rows=4, cols=4, subplot_titles=titles, vertical_spacing=0.08)
for place, picture in enumerate(pictures):
    signed = place < 8  # filters have weights of both signs
    scale = ["#b9541a", "#f4f2ee", "#1f5a9e"] if signed else ["#f4f2ee", "#23262d"]
    largest = abs(picture).max()
    drawing = go.Heatmap(
        z=picture[::-1], zmin=-largest if signed else 0, zmax=largest, colorscale=scale, showscale=False
    )
    figure.add_trace(drawing, row=place // 4 + 1, col=place % 4 + 1)
figure.update_xaxes(showticklabels=False, showgrid=False, constrain="domain")
figure.update_yaxes(showticklabels=False, showgrid=False)
figure.update_layout(height=640)
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
