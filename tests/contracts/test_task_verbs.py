"""Every task from a file to its answers: trained, stored, loaded, predicted, explained, reported, tuned.

CASES has a small file and settings for each; a task without one is named by the first test.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from chainrule.cli import main
from chainrule.doctor import loss_landscape
from chainrule.doctor.landscape.section import landscape_section, read_landscape
from chainrule.tasks import TASKS, plain_settings, settings_of, task_of


def _table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=90), "b": random.choice(["x", "y"], 90)})
    return frame.assign(kind=np.where(frame["a"] > 0, "up", "down"))


def _series() -> pd.DataFrame:
    """Each week as the one before, so that the scaled error has nothing to be measured by and is NaN."""
    days = pd.date_range("2024-01-01", periods=80, freq="D")
    shops = [
        pd.DataFrame({"day": days, "shop": shop, "kind": level + np.sin(np.arange(80) * 2 * np.pi / 7)})
        for shop, level in (("north", 5.0), ("south", 50.0))
    ]
    return pd.concat(shops)


def _pictures(folder: Path) -> tuple[str, str]:
    """Two kinds of pictures, in a folder each; those to predict lie in a folder of their own."""
    random = np.random.default_rng(0)
    for number in range(40):
        kind = ("bright", "dark")[number % 2]
        pixels = random.integers(0, 100, (9, 8)) + 150 * (kind == "bright")
        (folder / "made" / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "made" / kind / f"{number}.png")
    return str(folder / "made"), str(folder / "made" / "dark")


def _sounds(folder: Path) -> tuple[str, str]:
    """Low and high tones under noise, in a folder each."""
    random = np.random.default_rng(0)
    for number in range(40):
        kind = ("low", "high")[number % 2]
        times = np.arange(random.integers(800, 1200)) / 4000
        wave = 0.3 * np.sin(2 * np.pi * (300, 900)[number % 2] * times) + random.normal(0, 0.05, len(times))
        (folder / "made" / kind).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "made" / kind / f"{number}.wav", wave, 4000)
    return str(folder / "made"), str(folder / "made" / "low")


def _masks(folder: Path) -> tuple[str, str]:
    """Bright squares on noise, with masks of two classes."""
    random = np.random.default_rng(0)
    for number in range(20):
        pixels, mask = random.integers(0, 90, (18, 20)), np.zeros((18, 20), np.uint8)
        top, left = random.integers(0, 12, 2)
        mask[top : top + 5, left : left + 5] = 1
        for name, content in (("images", pixels + 120 * mask), ("masks", mask)):
            (folder / "made" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(content.astype(np.uint8)).save(folder / "made" / name / f"{number}.png")
    return str(folder / "made"), str(folder / "made" / "images")


def _faces(folder: Path) -> tuple[str, str]:
    """Seven people, each a pattern of their own under noise; those to embed are one of them."""
    random = np.random.default_rng(0)
    for person in range(7):
        pattern = random.integers(0, 200, (18, 16))
        (folder / "people" / f"p{person}").mkdir(parents=True)
        for number in range(4):
            pixels = pattern + random.integers(0, 50, pattern.shape)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "people" / f"p{person}" / f"{number}.png")
    return str(folder / "people"), str(folder / "people" / "p0")


def _boxes(folder: Path) -> tuple[str, str]:
    """Bright squares on noise, with a line of YOLO's for each."""
    random = np.random.default_rng(0)
    for name in ("images", "labels"):
        (folder / "squares" / name).mkdir(parents=True)
    for number in range(16):
        pixels = random.integers(0, 60, (32, 48))
        row, column = random.integers(0, (20, 36))
        pixels[row : row + 12, column : column + 12] += 150
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "squares" / "images" / f"{number}.png")
        shares = ((column + 6) / 48, (row + 6) / 32, 12 / 48, 12 / 32)
        line = " ".join(["0", *(f"{share:.6f}" for share in shares)])
        (folder / "squares" / "labels" / f"{number}.txt").write_text(f"{line}\n")
    return str(folder / "squares"), str(folder / "squares" / "images")


def _novel(folder: Path) -> tuple[str, str]:
    """A text of one sentence with names in it, and another such sentence."""
    random = np.random.default_rng(0)
    lines = [
        f"{name} went to see {other}. " for name, other in random.choice(["Ann", "Bob", "Eve"], (150, 2))
    ]
    (folder / "novel.txt").write_text("".join(lines))
    (folder / "more.txt").write_text("Eve went to see Ann. ")
    return str(folder / "novel.txt"), str(folder / "more.txt")


def _file_of(make: Callable[[], pd.DataFrame]) -> Callable[[Path], tuple[str, str]]:
    """A table in a file, and its last rows in another; of a series, what is known long enough before."""

    def made(folder: Path) -> tuple[str, str]:
        frame = make()
        frame.to_csv(folder / "made.csv", index=False)
        frame.tail(9).to_csv(folder / "last.csv", index=False)
        return str(folder / "made.csv"), str(folder / "last.csv")

    return made


def _reviews() -> pd.DataFrame:
    random = np.random.default_rng(0)
    moods = random.integers(0, 2, 90)
    words = np.array([["awful", "dull", "boring"], ["lovely", "great", "superb"]])
    fill = ["the", "film", "was", "and", "a", "story"]
    texts = [" ".join([*random.choice(fill, 6), *random.choice(words[mood], 2)]) for mood in moods]
    return pd.DataFrame({"review": texts, "kind": np.array(["bad", "good"])[moods]})


def _translations() -> pd.DataFrame:
    random = np.random.default_rng(0)
    words = {"the": "el", "cat": "gato", "dog": "perro", "sees": "ve", "now": "ya"}
    texts = [random.choice([*words], random.integers(2, 6)) for _ in range(120)]
    return pd.DataFrame(
        {
            "from": [" ".join(text) for text in texts],
            "kind": [" ".join(words[word] for word in text) for text in texts],
        }
    )


SERIES = ["--time", "day", "--series", "shop", "--horizon", "7"]
CASES = {
    "table": (_file_of(_table), ["-t", "kind", "-s", "epochs=1", "-s", "layers=4"]),
    "forecast": (_file_of(_series), ["-t", "kind", *SERIES, "-s", "epochs=1"]),
    "text": (_file_of(_reviews), ["-t", "kind", "-s", "epochs=2"]),
    "translate": (
        _file_of(_translations),
        ["-t", "kind", "-s", "network=tiny", "-s", "epochs=1", "-s", "vocabulary=300"],
    ),
    "generate": (
        _novel,
        ["-s", "network=tiny", "-s", "epochs=1", "-s", "context=16", "-s", "validation=0.1"],
    ),
    "image": (_pictures, ["-s", "epochs=1"]),
    "sound": (_sounds, ["-s", "epochs=1"]),
    "segment": (_masks, ["-s", "epochs=1"]),
    "detect": (_boxes, ["-s", "epochs=20", "-s", "network=small"]),
    "faces": (_faces, ["-s", "epochs=2", "-s", "members=1"]),
}
"""Task -> what makes in a folder what is trained on and what is predicted, and its arguments."""


def test_every_task_has_a_case():
    assert set(CASES) == set(TASKS)


@pytest.fixture(scope="module", params=CASES, ids=str)
def trained(request, tmp_path_factory):
    """(task's name, what is predicted, arguments to train it, the folder of its run)."""
    make, arguments = CASES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    source, new = make(folder)
    order = [source, "--task", request.param, *arguments]
    assert main(["train", *order, "--out", str(folder / "run")]) == 0
    return request.param, new, order, folder / "run"


def test_the_folder_says_of_which_task_it_is_and_gives_the_run_back(trained, tmp_path):
    name, _, _, folder = trained
    task = task_of(folder)
    run = task.load(folder)
    assert (task.name, run.config()["task"]) == (name, name)
    assert settings_of(task.settings, plain_settings(run.settings)) == run.settings
    assert {"metrics", "baseline", "rows", "seconds"} <= set(run.evaluation)
    again = task.load(run.save(tmp_path / "again"))
    assert again.config() == run.config()
    assert again.evaluation == run.evaluation
    for file in ("weights.safetensors", "evaluation.json", "config.toml"):
        assert (tmp_path / "again" / file).read_bytes() == (folder / file).read_bytes()


def test_the_report_has_the_sections_of_the_task(trained):
    name, _, _, folder = trained
    evaluation = TASKS[name].load(folder).evaluation
    page = (folder / "report.html").read_text(encoding="utf-8")
    shown = TASKS[name].sections(evaluation, folder)
    assert shown
    assert all(block in page for block in shown)
    assert TASKS[name].guess(evaluation)
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == page


def test_the_loss_landscape_of_every_task_can_be_shown(trained, tmp_path, monkeypatch):
    """Its second derivatives run where the training did: a warning that NumPy takes over is an error."""
    monkeypatch.setattr("chainrule.cli.train.loss_landscape", partial(loss_landscape, size=3))
    _, _, order, _ = trained
    assert main(["train", *order, "-s", "epochs=3", "--out", str(tmp_path / "run"), "--landscape"]) == 0
    found = read_landscape(tmp_path / "run")
    assert found is not None
    assert np.isfinite([found.sharpness.loss, found.sharpness.largest, found.sharpness.smallest]).all()
    assert found.path is not None
    assert found.path.epochs == (0, 1, 2, 3)
    section = landscape_section(tmp_path / "run")
    assert section in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_each_plot_of_the_report_can_be_drawn(trained):
    """plots.js draws all figures of the class 'plot', and stops at one that has nothing to draw."""
    page = (trained[3] / "report.html").read_text(encoding="utf-8")
    plots = re.findall(r'<figure class="(?:[^"]* )?plot">.*?</figure>', page, re.DOTALL)
    assert plots
    for plot in plots:
        assert 'class="drawing"' in plot
        assert '<script type="application/json">' in plot


def test_the_same_answers_from_python_and_the_command_line(trained, tmp_path):
    name, file, _, folder = trained
    task = TASKS[name]
    frame = task.predict(task.load(folder), file, lambda sentence: None).frame
    assert len(frame)
    assert main(["predict", str(folder), file, "--out", str(tmp_path / "said.csv")]) == 0
    assert (tmp_path / "said.csv").read_text() == frame.to_csv(index=False)


def test_one_step_is_explained_or_it_is_said_why_not(trained, capsys):
    *_, folder = trained
    code = main(["explain", str(folder)])
    said = capsys.readouterr()
    assert (code, "Traceback" in said.err) in {(0, False), (1, False), (2, False)}
    assert "Forward pass" in said.out if code == 0 else said.err.startswith("chainrule: ")


def test_it_is_repeated_by_its_config(trained, tmp_path):
    *_, folder = trained
    assert main(["train", "--config", str(folder / "config.toml"), "--out", str(tmp_path / "again")]) == 0
    weights = "weights.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (folder / weights).read_bytes()


def test_advice_tries_repairs_and_changes_no_bit_of_the_training(trained, tmp_path, monkeypatch):
    """Trials are made affordable and wanted, which so few steps are not."""
    from chainrule.doctor import attending, judging, treating

    tries: list[int] = []

    def counted(patient, state, proposals, steps, planned, **more):
        tries.append(len(proposals))
        return really_tried(patient, state, proposals, steps, planned, **more)

    really_tried = treating.tried
    monkeypatch.setattr(treating, "tried", counted)
    monkeypatch.setattr(judging.Judge, "affordable", lambda *given: (2, 2))
    monkeypatch.setattr(judging.Judge, "is_slow", property(lambda judge: True))
    anything = attending.Suspicion("slow", "It is slow.", {"learning_rate_too_low": 0.9, "overfitting": 0.8})
    monkeypatch.setattr(attending, "SYMPTOMS", {"slow": lambda course: [anything]})
    _, _, order, _ = trained
    for out, more in (("advised", ["--doctor", "advise"]), ("alone", ["--doctor", "none"])):
        assert main(["train", *order, "-s", "epochs=3", *more, "--out", str(tmp_path / out)]) == 0
    assert len(tries) >= 2 or "problem" in (tmp_path / "advised" / "doctor.json").read_text()
    assert max(tries) == 2
    weights = [(tmp_path / out / "weights.safetensors").read_bytes() for out in ("advised", "alone")]
    assert weights[0] == weights[1]


def test_what_it_would_train_is_known_and_checked_before(trained, capsys):
    name, _, _, folder = trained
    run = TASKS[name].load(folder)
    opened = TASKS[name].open(run.source, run.config()["target"], run.settings, lambda sentence: None)
    planned = TASKS[name].plan(opened, run.settings)
    assert planned.recipe == run.run.recipe
    capsys.readouterr()
    assert main(["doctor", "--check", str(folder / "config.toml"), "--json"]) == 0
    for finding in json.loads(capsys.readouterr().out)["findings"]:
        assert finding["severity"] == "note"


def test_two_trials_leave_a_run_and_a_report(trained, tmp_path, capsys):
    name, _, order, _ = trained
    if TASKS[name].search is None:
        pytest.skip("nothing is searched")
    study = ["tune", *order, "--trials", "2", "--out", str(tmp_path / "study"), "--json"]
    assert main(study) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(found["trials"].values()) == 2
    assert task_of(tmp_path / "study" / "best").name == name
    assert (tmp_path / "study" / "report.html").is_file()
    for asked in (["predict", str(tmp_path / "study"), order[0]], ["report", str(tmp_path / "study")]):
        assert main(asked) == 2
        assert f"give {tmp_path / 'study' / 'best'}, the best run in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [["-t", "nothing"], ["-s", "seed=x"], ["-s", "nothing=1"], ["-s", "validation=7"]],
    ids=lambda each: each[1],
)
@pytest.mark.parametrize("command", ["train", "tune"])
def test_bad_input_ends_in_one_sentence_and_leaves_nothing(trained, command, wrong, tmp_path, capsys):
    _, _, order, _ = trained
    assert main([command, *order, *wrong, "--out", str(tmp_path / "it")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("chainrule: ")
    assert "Traceback" not in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_folder_is_named(trained, tmp_path, capsys):
    name, file, _, folder = trained
    copy = TASKS[name].load(folder).save(tmp_path / "copy")
    (copy / "weights.safetensors").write_bytes(b"damaged")
    assert main(["predict", str(copy), file]) == 2
    assert "copy" in capsys.readouterr().err
    assert Path(copy).is_dir()
