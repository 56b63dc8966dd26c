"""chainrule train --landscape: the loss around the trained weights, in the folder and in the report."""

import json

import pytest

TITLE = "The loss landscape"


@pytest.fixture
def small(table):
    return ["train", table, "-t", "kind", "-s", "layers=4", "-s", "batch_size=16"]


def test_the_report_has_it_where_it_was_asked_for(chainrule, here, small):
    asked = chainrule(*small, "-s", "epochs=3", "--landscape", "--out", "with")
    assert asked.code == 0, asked.err
    assert chainrule(*small, "-s", "epochs=3", "--out", "without").code == 0
    page = (here / "with/report.html").read_text(encoding="utf-8")
    assert TITLE in page
    assert TITLE not in (here / "without/report.html").read_text(encoding="utf-8")
    for file in ("weights.safetensors", "config.toml"):
        assert (here / "with" / file).read_bytes() == (here / "without" / file).read_bytes()
    found = json.loads((here / "with/landscape.json").read_text(encoding="utf-8"))
    assert found["path"]["epochs"] == [0, 1, 2, 3]
    assert len(found["losses"]) == len(found["losses"][0]) == 25
    assert chainrule("report", "with").code == 0
    assert (here / "with/report.html").read_text(encoding="utf-8") == page


def test_a_path_too_short_is_said_and_the_run_is_kept(chainrule, here, small):
    asked = chainrule(*small, "-s", "epochs=1", "--landscape", "--out", "it")
    assert asked.code == 0
    assert "the report has no loss landscape: the path of training has too few weights" in asked.err
    assert (here / "it/report.html").is_file()
    assert not (here / "it/landscape.json").exists()


def test_ctrl_c_while_it_is_measured_leaves_the_run_whole(chainrule, here, small, monkeypatch):
    def interrupted(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.train.loss_landscape", interrupted)
    asked = chainrule(*small, "-s", "epochs=2", "--landscape", "--out", "it")
    assert asked.code == 130
    assert "Traceback" not in asked.err
    assert {path.name for path in here.iterdir()} == {"it", small[1]}
    assert chainrule("report", "it").code == 0


def test_a_damaged_one_is_named(chainrule, here, small):
    assert chainrule(*small, "-s", "epochs=2", "--landscape", "--out", "it").code == 0
    (here / "it/landscape.json").write_text("{}", encoding="utf-8")
    asked = chainrule("report", "it")
    assert asked.code == 2
    assert "it/landscape.json is damaged" in asked.err
    assert "remove it" in asked.err
