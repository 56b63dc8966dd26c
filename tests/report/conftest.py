"""Recorded runs to report on, small enough to work out by hand, and a reader of pages."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from plotly.offline import get_plotlyjs


@dataclass
class Page:
    """What a browser would find in a page. Scripts do not include plotly.js."""

    title: str = ""
    text: str = ""
    styles: str = ""
    scripts: list[str] = field(default_factory=list)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the heading above
    attributes: list[tuple[str, str, str]] = field(default_factory=list)  # (tag, name, value)

    def resources(self) -> list[str]:
        """Every address in an attribute from which a browser loads something or to which it goes."""
        loading = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}
        return [value for _, name, value in self.attributes if name in loading]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.heading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.attributes += [(tag, name, value) for name, value in values.items()]
        if tag not in {"meta", "link"}:
            self.open.append((tag, values))
        if tag == "h3":
            self.heading = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag, f"</{tag}> is out of place"

    def handle_data(self, data: str) -> None:
        tag, values = self.open[-1] if self.open else ("", {})
        if tag == "style":
            self.page.styles += data
        elif tag == "script" and values.get("type") == "application/json":
            self.page.figures[self.heading] = json.loads(data)
        elif tag == "script":
            self.page.scripts.append(data)
        elif tag == "title":
            self.page.title += data
        else:
            self.heading += data if tag == "h3" else ""
            self.page.text += data


def _read_page(html: str) -> Page:
    """Parse a page, plotly.js left out; fails if elements are not closed in order."""
    reader = _Reader()
    reader.feed(html.replace(get_plotlyjs(), ""))
    reader.close()
    assert not reader.open
    return reader.page


@pytest.fixture
def read_page():
    return _read_page


@pytest.fixture
def config() -> dict[str, Any]:
    return {
        "data": "iris.csv",
        "target": "species",
        "layers": [8, 4],
        "learning_rate": 0.01,
        "standardize": True,
        "blocks": [{"units": 8}, {"units": 4}],
        "optimizer": {"name": "adam", "decay": 0.5},
    }


def _epoch(epoch: int, loss: float, validation_loss: float, **metrics: float) -> dict[str, Any]:
    watch = {
        "dense_1": {"activation": 0.5, "delta": 0.001},
        "dense_2": {"activation": 0.7, "delta": 0.01},
        "dense_1.weight": {"gradient": 0.02, "update": 0.003, "value": 0.1},
        "dense_1.bias": {"gradient": 0.03, "update": 0.002, "value": 0.0 if epoch == 1 else 0.01},
        "dense_2.weight": {"gradient": 0.04, "update": 0.005, "value": 0.2},
    }
    common = {
        "epoch": epoch,
        "step": 10 * epoch,
        "seconds": 0.25 * epoch,
        "learning_rate": 0.01 / epoch,
        "loss": loss,
    }
    return {**common, "validation_loss": validation_loss, **metrics, "watch": watch}


@pytest.fixture
def metrics() -> list[dict[str, Any]]:
    return [
        _epoch(1, 0.9, 0.8, validation_accuracy=0.5),
        _epoch(2, 0.5, 0.6, validation_accuracy=0.75),
        _epoch(3, 0.3, 0.7, validation_accuracy=0.7),
    ]


@pytest.fixture
def classification() -> dict[str, Any]:
    return {
        "problem": "classification",
        "target": "species",
        "classes": ["setosa", "virginica"],
        "metrics": {"accuracy": 0.875, "loss": 0.31},
        "baseline": {"accuracy": 0.5, "loss": 0.69},
        "confusion": [[4, 0], [1, 3]],
        "rows": {"train": 1200, "validation": 34, "test": 8},
        "seconds": 75.2,
    }


@pytest.fixture
def regression() -> dict[str, Any]:
    return {
        "problem": "regression",
        "target": "price",
        "metrics": {"r2": 0.91, "root_mean_squared_error": 0.3, "mean_absolute_error": 0.25},
        "baseline": {"r2": -0.02, "root_mean_squared_error": 1.1, "mean_absolute_error": 0.9},
        "targets": [1.0, 2.0, 3.0, 4.0],
        "predictions": [1.5, 2.0, 2.5, 4.5],
        "rows": {"train": 20, "test": 4},
        "seconds": 0.5,
    }
