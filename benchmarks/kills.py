"""The command: python -m benchmarks.kills.

It kills runs at random moments (SIGKILL), of training, of saving their state and of writing their folder, on
every kind of source, and counts what can't be read afterwards, what does not go on to the bits of the
unbroken run, and what is left behind. All of it must be 0.
"""

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.figures import write_figures
from chainrule import Run, load_run, nn, train
from chainrule.data import examples, mapped, npy_shards, parquet_shards, ragged
from chainrule.data.images import ImageSource, open_images
from chainrule.errors import DataError
from chainrule.training.folder import read_safetensors
from chainrule.training.listeners import Checkpoint

COUNT, WIDTH, CHUNK_BYTES = 1_000, 6, 100 * 32
SIDE = (8, 8)  # of images, in pixels
_MOST_TRIES = 10  # for each kill: one that comes after the end is none
COUNTED = ("unreadable", "other bits", "left behind", "failed")


@dataclass(frozen=True)
class OverTime(nn.Layer):
    """Sequences of any length, as the ragged source gives them."""

    def __call__(self, x: Any) -> Any:
        return nn.Dense(3)(nn.GlobalAvgPool1D()(x["values"], x["mask"]))


def _table() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(COUNT, WIDTH)).astype(np.float32), np.arange(COUNT) % 3


def _npy(folder: Path, readers: int) -> Any:
    x, y = _table()
    for number, rows in enumerate(np.array_split(np.arange(COUNT), 4)):
        shard = folder / f"{number}"
        if not shard.exists():
            shard.mkdir(parents=True)
            np.save(shard / "x.npy", x[rows])
            np.save(shard / "y.npy", y[rows])
    return npy_shards(folder, chunk_bytes=CHUNK_BYTES, readers=readers)


def _mapped(folder: Path) -> Any:
    if not (folder / "x.npy").exists():
        folder.mkdir(parents=True)
        for name, array in zip(("x", "y"), _table(), strict=True):
            np.save(folder / f"{name}.npy", array)
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("x", "y"))
    return mapped(x, y, chunk_bytes=CHUNK_BYTES, readers=2)


def _parquet(folder: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    if not folder.exists():
        folder.mkdir(parents=True)
        x, y = _table()
        columns = {f"x{number}": x[:, number] for number in range(WIDTH)} | {"y": y}
        parquet.write_table(pyarrow.table(columns), folder / "a.parquet", row_group_size=60)
    return parquet_shards(folder, y="y", chunk_bytes=CHUNK_BYTES, readers=2)


def _examples(folder: Path) -> Any:
    return examples(lambda: zip(*_table(), strict=True), chunk_bytes=CHUNK_BYTES)


def _ragged(folder: Path) -> Any:
    lengths = np.random.default_rng(1).integers(1, 30, COUNT)
    values = np.random.default_rng(2).normal(size=(int(lengths.sum()), WIDTH)).astype(np.float32)
    return ragged(values, lengths), np.arange(COUNT) % 3


def _images(folder: Path) -> Any:
    from PIL import Image

    if not folder.exists():
        random = np.random.default_rng(3)
        for number in range(COUNT):
            place = folder / f"{number % 3}" / f"{number:04}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (*SIDE, 3)).astype(np.uint8)).save(place)
    images = open_images(folder)
    rows, y = np.arange(COUNT), images.class_numbers()
    return ImageSource(images, rows, SIDE, 3, y, chunk_bytes=100 * 3 * SIDE[0] * SIDE[1], readers=2)


SOURCES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda folder: _table(),
    "npy, 1 reader": partial(_npy, readers=1),
    "npy, 2 readers": partial(_npy, readers=2),
    "npy, 4 readers": partial(_npy, readers=4),
    "mapped": _mapped,
    "parquet": _parquet,
    "examples": _examples,
    "ragged": _ragged,
    "images": _images,
}


def trained(name: str, data: Path, work: Path) -> Run:
    """A run that saves its state between all calls, continues from what it finds, and ends as a folder."""
    dense = nn.Sequential([nn.Dense(32, "tanh"), nn.Dropout(0.1), nn.Dense(3)])
    models = {
        "ragged": OverTime(),
        "images": nn.Sequential([nn.Standardize(3 * (128.0,), 3 * (64.0,)), nn.Flatten(), dense]),
    }
    often = partial(Checkpoint, every_seconds=0.0)
    with patch("chainrule.training.fitting.Checkpoint", often):
        run = train(
            models.get(name, dense),
            SOURCES[name](data),
            loss="cross_entropy",
            epochs=3,
            batch_size=16,
            checkpoint=work / "state",
            progress=False,
        )
    if not (work / "run").exists():
        run.save(work / "run")
    return run


def _bits(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in run.parameters.items()}


def _killed(name: str, data: Path, work: Path, after: float) -> bool:
    """Whether a child that trains was killed after so many seconds, rather than done before."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            trained(name, data, work)
            code = 0
        finally:
            os._exit(code)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _readable(work: Path) -> bool:
    try:
        if (work / "state").exists():
            read_safetensors(work / "state")
        if (work / "run").exists():
            load_run(work / "run", (OverTime,))
    except DataError:
        return False
    return True


def tried(name: str, data: Path, unbroken: Run, after: float) -> list[str]:
    """One kill: what came of it, some of COUNTED, and 'amid' where it came before the end."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        found = ["amid"] if _killed(name, data, work, after) else []
        if not _readable(work):
            found.append("unreadable")
        try:
            run = trained(name, data, work)
        except Exception as error:  # noqa: BLE001 (any failure is counted, and told)
            print(f"{name}: {error!r}", flush=True)
            return [*found, "failed"]
        losses = [record["loss"] for record in run.history]
        same = _bits(run) == _bits(unbroken) and losses == [record["loss"] for record in unbroken.history]
        if not same or _bits(load_run(work / "run", (OverTime,))) != _bits(unbroken):
            found.append("other bits")
        if sorted(each.name for each in work.iterdir()) != ["run", "state"]:
            found.append("left behind")
        return found


def kills(name: str, times: int, random: np.random.Generator) -> dict[str, int]:
    """So many kills of runs on one kind of source, at moments drawn from the whole time that a run takes."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with tempfile.TemporaryDirectory() as work:
            trained(name, data, Path(work))  # what is first made takes longer
        with tempfile.TemporaryDirectory() as work:
            start = time.monotonic()
            unbroken = trained(name, data, Path(work))
            seconds = time.monotonic() - start
        found: Counter[str] = Counter()
        for _ in range(_MOST_TRIES * times):
            found.update(tried(name, data, unbroken, float(random.uniform(0, seconds))))
            if found["amid"] == times:
                break
    return {"kills": found["amid"]} | {each: found[each] for each in COUNTED}


def main() -> None:
    """Kill and count; the exit code is 1 where anything was counted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="kills in all (200)")
    parser.add_argument("--seed", type=int, default=0, help="that the moments are drawn by (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there, too")
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    print(f"{'source':16}{'kills':>6}" + "".join(f"{each:>13}" for each in COUNTED), flush=True)
    rows, wrong = [], 0
    for number, name in enumerate(SOURCES):
        times = (asked.times + number) // len(SOURCES)
        counts = kills(name, times, random)
        rows.append({"source": name} | counts)
        numbers = "".join(f"{counts[each]:>13}" for each in COUNTED)
        print(f"{name:16}{counts['kills']:>6}{numbers}", flush=True)
        wrong += sum(counts[each] for each in COUNTED) + (counts["kills"] != times)
    if asked.json:
        write_figures(asked.json, "bench-kills", rows, {"times": asked.times, "seed": asked.seed})
    raise SystemExit(int(wrong > 0))


if __name__ == "__main__":
    main()
