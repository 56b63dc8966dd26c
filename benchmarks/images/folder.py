"""The command: python -m benchmarks.images.folder.

It makes a folder of many images and trains on it by the command line: images per second beside decoding alone
and training alone, and the peak of memory. With --kills the run is killed (SIGKILL) so many times and
resumed each time; its weights must equal the unbroken run's. A kill comes a random time after the process has
saved its state, so that each one resumes amid the images.
"""

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.decoding import make_folder
from benchmarks.figures import write_figures
from chainrule.cli.folders import RunFolder
from chainrule.data.images import Images, ImageSource, open_images
from chainrule.tasks.image import IMAGE
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.settings import ImageSettings
from chainrule.training.folder import WEIGHTS

_SETTINGS = {"network": "small", "epochs": 3, "validation": 0.0, "test": 0.02}
_IN_MEMORY = 10_000
"""Images that training alone is measured on; more would not be kept in memory."""


def measure(folder: Path, work: Path, kills: int, seed: int) -> dict[str, Any]:
    """All figures. work: an empty folder for the runs."""
    images = open_images(folder)
    figures: dict[str, Any] = {"images": len(images)}
    _tell(figures, "decoding alone, images a second", _decoding(images))
    _tell(figures, "training alone, images a second", _training(images))
    unbroken = work / "unbroken"
    process = _started(folder, unbroken)
    _tell(figures, "peak memory, MB", _peak(process))
    run = IMAGE.load(unbroken)
    _tell(figures, "training from files, images a second", _rate(run.run, run.evaluation["rows"]["train"]))
    if kills:
        moments = random.Random(seed)
        seconds = run.run.history[-1]["seconds"]
        counted = _killed(folder, work / "killed", kills, moments, seconds)
        _tell(figures, "kills", counted)
        same = (work / "killed" / WEIGHTS).read_bytes() == (unbroken / WEIGHTS).read_bytes()
        _tell(figures, "weights equal to the bit", same)
    return figures


def _decoding(images: Images) -> float:
    source = ImageSource(images, np.arange(len(images)), (64, 64), 3, images.class_numbers(), readers=2)
    start = time.perf_counter()
    count = sum(len(chunk) for chunk in source.chunks(0, 0))
    return count / (time.perf_counter() - start)


def _training(images: Images) -> float:
    some = images.take(np.arange(len(images))[:: -(-len(images) // _IN_MEMORY)])
    found = IMAGE.train(ImageSet(replace(some)), ImageSettings(**_SETTINGS), progress=False)  # type: ignore[arg-type]
    return _rate(found.run, found.evaluation["rows"]["train"])


def _rate(run: Any, rows: int) -> float:
    return rows * len(run.history) / run.history[-1]["seconds"]


def _started(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
    command = [sys.executable, "-m", "chainrule", "train", str(folder), "--task", "image", *settings]
    return subprocess.Popen([*command, "--out", str(out), "--resume"], stdout=subprocess.DEVNULL)


def _peak(process: subprocess.Popen[bytes]) -> float:
    """Megabytes that a process had at most, in about; it must end well."""
    status, most = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except OSError:
            break
        most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.2)
    if process.wait():
        raise SystemExit(f"the run ended with code {process.returncode}")
    return most / 1024


def _killed(folder: Path, out: Path, kills: int, moments: random.Random, seconds: float) -> int:
    """Kill so many times, spread over a run of `seconds`, then let it end; how many came before the end."""
    amid = 0
    for _ in range(kills):
        begun = time.time()
        process = _started(folder, out)
        _wait_for_save(out, process, begun)
        try:
            process.wait(moments.uniform(0, seconds / kills))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            amid += 1
    _peak(_started(folder, out))
    return amid


def _wait_for_save(out: Path, process: subprocess.Popen[bytes], begun: float) -> None:
    """Until the process, started at `begun`, has saved its state or has ended."""
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if RunFolder(out).state.stat().st_mtime > begun:
                return
        time.sleep(0.05)


def _tell(figures: dict[str, Any], name: str, value: Any) -> None:
    figures[name] = value
    print(f"{name:40}{value:>12,.0f}" if isinstance(value, float) else f"{name:40}{value!s:>12}", flush=True)


def main() -> None:
    """Measure, print, and write where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.images.folder", description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0, help="that the moments of kills are drawn by (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chainrule-") as made:
        folder, work = Path(made) / "images", Path(made) / "runs"
        work.mkdir()
        make_folder(folder, asked.images, 64)
        figures = measure(folder, work, asked.kills, asked.seed)
    if asked.json:
        write_figures(
            asked.json, "bench-images-folder", figures, {"settings": _SETTINGS, "kills": asked.kills}
        )


if __name__ == "__main__":
    main()
