"""Faces at the command line: what goes wrong is told in one line, and ends with exit code 2."""

import numpy as np
import pytest
from PIL import Image

from chainrule.cli import main

QUICK = [
    "--task",
    "faces",
    *(part for each in ("members=1", "features=8", "epochs=2") for part in ("-s", each)),
]


def people(folder, count, each):
    random = np.random.default_rng(0)
    for person in range(count):
        (folder / f"p{person}").mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 255, (20, 16)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"p{person}" / f"{number}.png")
    return folder


def refused(capsys, given):
    """The one line that is told."""
    capsys.readouterr()
    assert main([str(each) for each in given]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return " ".join(printed.err.split())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    source = people(folder / "source", 6, 3)
    assert main(["train", str(source), *QUICK, "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.parametrize(
    ("count", "each", "told"),
    [
        (1, 4, "shows 1 people; at least 3 to train on and 2 to hold out are needed"),
        (4, 4, "shows 4 people; at least 3 to train on"),
        (6, 1, "none of the people to train on has two images; give several images of each person"),
    ],
)
def test_too_little_to_learn_from_is_named(count, each, told, tmp_path, capsys):
    source = people(tmp_path / "source", count, each)
    line = refused(capsys, ["train", source, *QUICK, "--out", tmp_path / "run"])
    assert told in line
    assert str(source) in line
    assert not (tmp_path / "run").exists()


def test_damaged_files_are_left_out_and_named(tmp_path, capsys):
    source = people(tmp_path / "source", 6, 3)
    (source / "p1" / "0.png").write_bytes(b"no picture")
    whole = (source / "p2" / "1.png").read_bytes()
    (source / "p2" / "1.png").write_bytes(whole[: len(whole) // 2])
    assert main(["train", str(source), *QUICK, "--out", str(tmp_path / "run")]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "p1/0.png" in told
    assert "p2/1.png" in told


def test_wrong_settings_and_options_are_named(run, tmp_path, capsys):
    source = people(tmp_path / "source", 6, 3)
    line = refused(capsys, ["train", source, *QUICK, "-s", "margin=3"])
    assert "margin" in line
    line = refused(capsys, ["faces", "identify", run, source, "--false-accepts", "often"])
    assert "nobody is enrolled in" in line
    assert main(["faces", "enroll", str(run), str(source)]) == 0
    line = refused(capsys, ["faces", "identify", run, source, "--false-accepts", "often"])
    assert "the share of false accepts is 'often'; give a number above 0 and below 1" in line
    line = refused(capsys, ["faces", "identify", run, source, "--false-accepts", "0.0001"])
    assert "can't be told from 6 impostor pairs; give at least 0.1667 (--false-accepts SHARE)" in line
    line = refused(capsys, ["faces", "identify", run, tmp_path / "none", "--false-accepts", "0.5"])
    assert "none" in line
    line = refused(capsys, ["faces", "enroll", tmp_path, source])
    assert str(tmp_path) in line


def test_who_is_on_a_single_file_is_told(run, tmp_path, capsys):
    source = people(tmp_path / "source", 2, 2)
    assert main(["faces", "enroll", str(run), str(source)]) == 0
    capsys.readouterr()
    file = source / "p1" / "0.png"
    assert main(["faces", "identify", str(run), str(file), "--false-accepts", "0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "image,person,nearest,score"
    assert len(lines) == 2
    assert lines[1].startswith(f"{file},")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert "broken.png" in refused(capsys, ["faces", "identify", run, broken, "--false-accepts", "0.5"])
    assert "broken.png" in refused(capsys, ["predict", run, broken])


def test_a_search_of_faces_leaves_a_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = people(tmp_path / "source", 6, 5)
    assert main(["tune", str(source), *QUICK, "-n", "2", "--out", "study"]) == 0
    assert "searched are learning_rate, weight_decay, batch_size" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "study" / "best" / "impostors.safetensors").exists()
    assert main(["faces", "enroll", str(tmp_path / "study" / "best"), str(source)]) == 0
