"""The report's sections on faces: metrics of verification, the hardest pairs, and augmentation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.report import figures, page
from chainrule.report.numbers import metric_name, metric_value
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.report.sections import held_out
from chainrule.tasks.faces.verification import Scores, roc
from chainrule.tasks.images_shown import augmented_gallery


def sections_of(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Metrics beside the baselines, the hardest pairs, and a plot of the embeddings."""
    blocks = [_baselines(evaluation)]
    if "scores" in pictures:
        none = np.zeros(0, np.int64)
        found = Scores(pictures["scores"].astype(np.float64), pictures["same"].astype(bool), none, none)
        blocks += [_roc(found), _distribution(found, evaluation["threshold"])]
    shown = [held_out(evaluation, f"by {evaluation['baseline_is']}", blocks)]
    if "closest" in pictures and "farthest" in pictures:
        shown.append(_hardest(evaluation, pictures))
    if "augmented" in pictures:
        seen = augmented_gallery(pictures["augmented"], "the person")
        shown.append(page.section("How it sees", [seen]))
    if "points" in pictures and pictures["points"].any():
        shown.append(_plane(pictures, [str(each) for each in evaluation["people"]]))
    return shown


def _baselines(evaluation: Mapping[str, Any]) -> str:
    every = {"this network": evaluation["metrics"], **evaluation["baselines"]}
    rows = [
        [page.text(name), *(metric_value(each, value) for each, value in found.items())]
        for name, found in every.items()
    ]
    names = [metric_name(each) for each in evaluation["metrics"]]
    return page.table(["scored by", *names], rows, kind="numbers")


def _roc(found: Scores) -> str:
    import plotly.graph_objects as go

    _, false, true = roc(found)
    seen = false > 0
    line = go.Scatter(
        x=false[seen].tolist(),
        y=true[seen].tolist(),
        mode="lines",
        line={"color": figures.TRAINING, "width": 1.8, "shape": "hv"},
        hovertemplate="%{x:.2%} false accepts<br>%{y:.1%} true accepts<extra></extra>",
    )
    axes = {"x": "false accepts", "y": "true accepts"}
    figure = figures.common_figure([line], **axes, showlegend=False, hovermode="closest", height=360)
    percent = {"tickformat": ".1%"}
    figure.update_layout(
        xaxis={**figures.log_axis(false[seen].tolist()), "tickformat": "~%"},
        yaxis={**percent, "tickformat": ".0%", "range": [0, 1.02]},
    )
    fewest = int((~found.same).sum())
    look = (
        "The share of the pairs of one person that are accepted (true accepts), by the share of the "
        f"{fewest:,} pairs of different people that are accepted (false accepts), for all thresholds. The "
        "higher on the left, the better."
    )
    return page.plot("Accepted pairs", figure, look)


def _distribution(found: Scores, threshold: float) -> str:
    import plotly.graph_objects as go

    edges = np.linspace(found.scores.min(), found.scores.max(), 41)
    width = edges[1] - edges[0]
    bars = []
    for name, of, colour in (
        ("different people", ~found.same, figures.VALIDATION),
        ("same person", found.same, figures.TRAINING),
    ):
        counts = np.histogram(found.scores[of], edges)[0]
        bars.append(
            go.Bar(
                x=((edges[:-1] + edges[1:]) / 2).tolist(),
                y=(counts / max(counts.sum(), 1)).tolist(),
                width=[width] * len(counts),
                name=name,
                marker={"color": colour, "line_width": 0},
                opacity=0.65,
                hovertemplate="%{y:.1%} at %{x:.2f}",
            )
        )
    axes = {"x": "cosine of the embeddings", "y": "share of the pairs"}
    figure = figures.common_figure(bars, **axes, showlegend=True, hovermode="closest", height=360)
    figure.update_layout(barmode="overlay", yaxis={"tickformat": ".0%"})
    figure.add_vline(x=threshold, line_width=1, line_dash="dash", annotation_text=f"{threshold:.2f}")
    look = (
        "The less the two overlap, the better. At the dashed line, the threshold, the same share of both is "
        "classified wrongly."
    )
    return page.plot("Scores of pairs", figure, look)


def _hardest(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    blocks = [
        gallery(
            _tiles(evaluation["closest"], pictures["closest"]),
            "Different people who look most alike to the network",
            "For every two people, the pair of images with the highest cosine; the highest first.",
            columns=3,
        ),
        gallery(
            _tiles(evaluation["farthest"], pictures["farthest"]),
            "Images of one person that look least alike to the network",
            "For every person, the pair of images with the lowest cosine; the lowest first. The differences "
            "between the two, such as pose, light or glasses, should vary more in the training images.",
            columns=3,
        ),
    ]
    return page.section("The hardest pairs", blocks)


def _tiles(pairs: Sequence[Mapping[str, Any]], images: np.ndarray) -> list[Picture]:
    """A tile for each pair: its images side by side."""
    tiles = []
    for pair, first, second in zip(pairs, images[::2], images[1::2], strict=True):
        both = picture(np.concatenate([first, second], 1))
        who = " and ".join(dict.fromkeys(map(str, pair["people"])))
        hint = " beside ".join(map(str, pair["images"]))
        tiles.append(Picture(both, who, f"cosine {pair['score']:.2f}", hint))
    return tiles


def _plane(pictures: Mapping[str, np.ndarray], people: Sequence[str]) -> str:
    figure = figures.plane(pictures["points"], pictures["labels"], people)
    drawn = page.plot(
        "Held-out people by their embeddings",
        figure,
        "Each point is an image, each colour a person; images with similar embeddings lie together (t-SNE, "
        "in which distances between far groups have no meaning).",
        widest="760px",
    )
    return page.section("How it tells people apart", [drawn])
