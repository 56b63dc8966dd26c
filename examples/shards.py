"""Training on files that together are larger than the memory that training takes.

Examples lie in folders of .npy files, the shards. A source reads a few megabytes ahead while the network
trains. The seed alone decides their order, so the result is the same for any number of reading threads. The
figure shows how much memory the arrays took for several sizes of a chunk. Run with:
python examples/shards.py, or with the name of an HTML file for the figure.
"""

import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import plotly.graph_objects as go

import chainrule
from chainrule import nn
from chainrule.data import npy_shards

SHARDS, ROWS, FEATURES, MEGABYTE = 32, 16_000, 32, 1 << 20
TRUTH = np.random.default_rng(0).normal(size=(FEATURES, 4))


def write_shard(folder, number):
    """A folder with x.npy and y.npy: points, and which of four directions each lies farthest along."""
    folder.mkdir()
    x = np.random.default_rng(number).normal(size=(ROWS, FEATURES)).astype("f4")
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", (x @ TRUTH).argmax(1).astype("u1"))


def train(source, validation, epochs):
    """A run, and the most memory that NumPy arrays and Python objects took meanwhile, in megabytes."""
    tracemalloc.start()
    run = chainrule.train(
        nn.Sequential([nn.Dense(32, "relu"), nn.Dense(4)]),
        source,
        loss="cross_entropy",
        optimizer=nn.adam(0.003),
        epochs=epochs,
        batch_size=256,
        validation=validation,
    )
    most = tracemalloc.get_traced_memory()[1] / MEGABYTE
    tracemalloc.stop()
    return run, most


with TemporaryDirectory() as folder:
    for number in range(SHARDS + 1):
        write_shard(Path(folder) / f"{number:02}", number)
    (Path(folder) / f"{SHARDS:02}").rename(Path(folder) / "held_out")
    files = {name: sorted(Path(folder).glob(f"??/{name}.npy")) for name in ("x", "y")}
    size = sum(path.stat().st_size for paths in files.values() for path in paths) / MEGABYTE
    validation = npy_shards(Path(folder) / "held_out", chunk_bytes=MEGABYTE)

    most = {}
    for megabytes in (1, 2, 4, 8):
        source = npy_shards(files, chunk_bytes=megabytes * MEGABYTE)
        run, most[megabytes] = train(source, validation, epochs=1)
    source = npy_shards(files, chunk_bytes=2 * MEGABYTE, readers=1)
    run, _ = train(source, validation, epochs=2)
    same, _ = train(npy_shards(files, chunk_bytes=2 * MEGABYTE, readers=4), validation, epochs=2)

print(f"{source.examples:,} examples, {size:.0f} MB in {SHARDS} shards")
for megabytes, peak in most.items():
    print(f"chunks of {megabytes} MB: at most {peak:.1f} MB in memory")
print(f"right after 2 epochs: {run.history[-1]['validation_accuracy']:.1%} of those held out")
equal = all(np.array_equal(run.parameters[name], same.parameters[name]) for name in run.parameters)
print(f"one reading thread and four give the same bits: {equal}")

assert equal
assert most[2] < size / 2
assert run.history[-1]["validation_accuracy"] > 0.9

figure = go.Figure(go.Bar(x=[f"{each} MB" for each in most], y=list(most.values()), name="in memory"))
note = {"annotation_text": "all examples", "annotation_position": "top left"}
figure.add_hline(y=size, line_dash="dash", line_color="#d9762b", **note)
figure.update_layout(xaxis_title="size of a chunk", yaxis_title="most memory, MB")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
