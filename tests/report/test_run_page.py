import json
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from chainrule.errors import DataError
from chainrule.report import run_page as module
from chainrule.report.run_page import best_epoch
from chainrule.tasks.table.sections import sections

NASTY = "<script>alert('x')</script>&\u2028"


def run_page(config, metrics, evaluation, title):
    """The page of a table's run."""
    return module.run_page(config, metrics, evaluation, title, sections(evaluation))


def write_report(folder):
    return module.write_report(folder, lambda evaluation, folder: sections(evaluation))


def test_page_loads_nothing_from_anywhere(config, metrics, classification, regression, read_page):
    for evaluation in (classification, regression):
        page = read_page(run_page(config, metrics, evaluation, "run"))
        assert page.resources()  # the icon
        assert all(address.startswith("data:") for address in page.resources())
        assert not re.search(r"url\(|@import", page.styles)
        assert not any("http" in script for script in page.scripts)
        assert "http" not in json.dumps(list(page.figures.values()))
        # Maps would fetch their tiles and outlines; these kinds of trace fetch nothing.
        kinds = {trace["type"] for figure in page.figures.values() for trace in figure["data"]}
        assert kinds <= {"scatter", "bar", "heatmap"}


def test_plotly_is_inside_the_page_exactly_once(config, metrics, classification):
    assert run_page(config, metrics, classification, "run").count(get_plotlyjs()) == 1


def test_headline(config, metrics, classification, read_page):
    page = read_page(run_page(config, metrics, classification, "my run"))
    headline = page.text.partition("On rows")[0]
    for part in (
        "my run", "Classification of species", "held-out accuracy", "87.50 %", "baseline 50.00 %",
        "1,242", "1,200 train · 34 validation · 8 test", "1 min 15 s", "best: 2",
    ):  # fmt: skip
        assert part in headline
    assert page.title == "my run · chainrule"


def test_a_part_without_examples_is_not_counted(config, metrics, classification, read_page):
    classification["rows"] = {"train": 30, "validation": 0, "test": 8}
    page = read_page(run_page(config, metrics, classification, "run"))
    assert "30 train · 8 test" in page.text


def test_every_setting_is_in_the_page(config, metrics, classification, read_page):
    text = read_page(run_page(config, metrics, classification, "run")).text
    settings = text.partition("Settings")[2]
    rows = {
        "data": "iris.csv",
        "target": "species",
        "layers": "[8, 4]",
        "learning_rate": "0.01",
        "standardize": "true",
        "blocks[0].units": "8",
        "blocks[1].units": "4",
        "optimizer.name": "adam",
        "optimizer.decay": "0.5",
    }
    for name, value in rows.items():
        assert f"{name}{value}" in settings


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("classification", ["accuracy87.50 %50.00 %+37.50 points", "loss0.31000.6900+0.3800"]),
        (
            "regression",
            [
                "R²0.9100−0.0200+0.9300",
                "root mean squared error0.30001.100+0.8000",
                "mean absolute error0.25000.9000+0.6500",
            ],
        ),
    ],
)
def test_every_metric_stands_beside_its_baseline(kind, expected, config, metrics, read_page, request):
    text = read_page(run_page(config, metrics, request.getfixturevalue(kind), "run")).text
    for row in expected:
        assert row in text


def test_classification_has_a_confusion_matrix_and_no_residuals(config, metrics, classification, read_page):
    page = read_page(run_page(config, metrics, classification, "run"))
    assert page.figures["Confusion matrix"]["data"][0]["z"] == [[1.0, 0.0], [0.25, 0.75]]
    assert "“virginica” taken for “setosa” (1 of 4)" in page.text
    assert "Residuals" not in page.figures


def test_regression_has_residuals_and_no_confusion_matrix(config, metrics, regression, read_page):
    page = read_page(run_page(config, metrics, regression, "run"))
    points = page.figures["Predicted against true"]["data"][1]
    assert (points["x"], points["y"]) == (regression["targets"], regression["predictions"])
    assert sum(page.figures["Residuals"]["data"][0]["y"]) == 4
    assert "their mean is 0.1250" in page.text
    assert "Confusion matrix" not in page.figures


def test_figures_of_training(config, metrics, classification, read_page):
    page = read_page(run_page(config, metrics, classification, "run"))
    assert list(page.figures) == [
        "Confusion matrix", "Loss", "Validation accuracy", "Learning rate", "Size of activations",
        "Size of deltas", "Update relative to value", "Size of gradients", "Size of updates",
    ]  # fmt: skip
    loss = page.figures["Loss"]
    assert [line["name"] for line in loss["data"]] == ["training", "validation"]
    assert [line["y"] for line in loss["data"]] == [[0.9, 0.5, 0.3], [0.8, 0.6, 0.7]]
    assert loss["layout"]["annotations"][0]["text"] == "best: epoch 2"
    assert page.text.count("log scale") == 2  # loss and learning rate


def test_every_figure_says_what_to_look_for(config, metrics, classification):
    html = run_page(config, metrics, classification, "run").replace(get_plotlyjs(), "")
    captions = re.findall(r"<figcaption>([^<]{30,})</figcaption>\n</figure>", html)
    assert len(captions) == html.count('<figure class="card plot">') == 9


def test_run_without_validation_or_watching_or_evaluation(config, metrics, read_page):
    for epoch in metrics:
        del epoch["watch"], epoch["validation_loss"], epoch["validation_accuracy"]
    page = read_page(run_page(config, metrics, {}, "run"))
    assert list(page.figures) == ["Loss", "Learning rate"]
    assert [line["name"] for line in page.figures["Loss"]["data"]] == ["training"]
    assert "annotations" not in page.figures["Loss"]["layout"]
    assert "final training loss0.3000nothing was held out" in page.text
    assert "best" not in page.text
    assert "0.75 s" in page.text  # seconds so far at the last epoch


def test_run_stopped_before_its_first_epoch(config, read_page):
    page = read_page(run_page(config, [], {}, "run"))
    assert not page.figures
    assert "iris.csv" in page.text


def test_text_of_users_is_escaped_everywhere(config, metrics, classification, read_page):
    config = {**config, NASTY: NASTY, "nested": {NASTY: [NASTY]}}
    classification |= {"target": NASTY, "classes": [NASTY, "b"], "rows": {NASTY: 3}}
    classification["metrics"][NASTY] = classification["baseline"][NASTY] = 1.0
    for epoch in metrics:
        epoch[f"validation_{NASTY}"] = 1.0
        epoch["watch"][NASTY] = {"activation": 1.0, "delta": 1.0}
        epoch["watch"][f"{NASTY}.weight"] = {"gradient": 1.0, "update": 1.0, "value": 1.0}
    plain = read_page(run_page({}, [], {}, "run"))
    html = run_page(config, metrics, classification, NASTY)
    page = read_page(html)
    assert "<script>alert" not in html
    assert plain.scripts == []
    assert len(page.scripts) == 1  # ours; plotly.js is left out by the reader
    assert page.title.startswith(NASTY)
    # plotly reads markup in the text of figures, so it must be escaped there too.
    assert "<script" not in json.dumps(list(page.figures.values()))
    assert "&lt;script" in json.dumps(list(page.figures.values()))


def test_warns_of_a_network_that_is_no_better_than_the_baseline(config, metrics, classification, regression):
    classification["metrics"]["accuracy"] = 0.5
    assert "no better than the baseline" in run_page(config, metrics, classification, "run")
    assert "no better than the baseline" not in run_page(config, metrics, regression, "run")


def test_warns_of_a_loss_that_is_no_number(config, metrics, classification, read_page):
    metrics[2] |= {"loss": float("nan"), "validation_loss": float("inf")}
    page = read_page(run_page(config, metrics, classification, "run"))
    assert "infinite or not a number" in page.text
    assert [line["y"] for line in page.figures["Loss"]["data"]] == [[0.9, 0.5, None], [0.8, 0.6, None]]


def test_best_epoch_is_the_first_of_the_smallest_validation_losses():
    losses = [float("nan"), 0.4, 0.3, 0.3, None]
    epochs = [{"epoch": 10 + index, "validation_loss": loss} for index, loss in enumerate(losses)]
    assert best_epoch(epochs) == 12
    assert best_epoch([{"epoch": 1, "loss": 0.1}]) is None


@pytest.fixture
def run_folder(tmp_path, metrics, classification) -> Path:
    folder = tmp_path / "digits-1"
    folder.mkdir()
    (folder / "config.toml").write_text('data = "iris.csv"\nlayers = [8, 4]\n')
    (folder / "metrics.jsonl").write_text("".join(json.dumps(epoch) + "\n" for epoch in metrics))
    (folder / "evaluation.json").write_text(json.dumps(classification))
    return folder


def test_write_report_renders_the_files_of_the_folder(run_folder, metrics, classification):
    before = sorted(run_folder.iterdir())
    path = write_report(run_folder)
    config = {"data": "iris.csv", "layers": [8, 4]}
    assert path == run_folder / "report.html"
    assert path.read_text(encoding="utf-8") == run_page(config, metrics, classification, "digits-1")
    assert sorted(run_folder.iterdir()) == sorted([*before, path])


def test_write_report_without_evaluation(run_folder, read_page):
    (run_folder / "evaluation.json").unlink()
    page = read_page(write_report(run_folder).read_text(encoding="utf-8"))
    assert "lowest validation loss0.6000no separate test rows" in page.text


@pytest.mark.parametrize("owner", [module, Path], ids=["while rendering", "while renaming"])
def test_existing_report_survives_a_failure(owner, run_folder, monkeypatch):
    (run_folder / "report.html").write_text("the old report")
    before = sorted(run_folder.iterdir())

    def fail(*arguments: object, **named: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(owner, "run_page" if owner is module else "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_report(run_folder)
    assert (run_folder / "report.html").read_text() == "the old report"
    assert sorted(run_folder.iterdir()) == before


def test_error_says_what_is_missing(run_folder, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder; give the folder of a table's run"):
        write_report(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"config\.toml: not a folder"):
        write_report(run_folder / "config.toml")
    (run_folder / "config.toml").unlink()
    with pytest.raises(DataError, match=r"digits-1 is not a run folder: config\.toml is missing"):
        write_report(run_folder)
    (run_folder / "metrics.jsonl").unlink()
    with pytest.raises(DataError, match=r"config\.toml and metrics\.jsonl are missing"):
        write_report(run_folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.toml", b"data = ", r"config\.toml is damaged"),
        ("config.toml", b"\xff", r"config\.toml is damaged"),
        ("metrics.jsonl", b'{"epoch": 1}\n{"epo', r"metrics\.jsonl is damaged"),
        ("evaluation.json", b"[1]", r"evaluation\.json is damaged \(it holds no table\)"),
        ("metrics.jsonl", b"\xff", r"metrics\.jsonl is damaged"),
        ("evaluation.json", b"", r"evaluation\.json is damaged"),
    ],
)
def test_error_names_the_broken_file(name, content, message, run_folder):
    (run_folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        write_report(run_folder)
    assert "\n" not in str(caught.value)
    assert not (run_folder / "report.html").exists()
