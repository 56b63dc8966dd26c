"""The tables in packages as they are, against figures that their publishers or textbooks give."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.data import (
    NAMED_IMAGES,
    NAMED_TABLES,
    NAMED_TEXTS,
    cached_path,
    fetch_named,
    load_named,
    open_images,
)


def churn(frame: pd.DataFrame) -> None:
    assert frame["churn"].value_counts().to_dict() == {"No": 5174, "Yes": 1869}
    assert frame["total_charges"].isna().sum() == 11


def adult(frame: pd.DataFrame) -> None:
    assert frame["salary"].value_counts().to_dict() == {"<=50K": 34014, ">50K": 11208}
    categories = ["workclass", "education", "marital-status", "occupation", "relationship", "race", "sex"]
    assert [frame[name].nunique() for name in categories] == [7, 16, 7, 14, 6, 5, 2]
    assert frame["native-country"].nunique() == 41
    # Years of schooling say the same as the name of the school.
    assert len(frame[["education", "education-num"]].drop_duplicates()) == 16


def ames(frame: pd.DataFrame) -> None:
    assert frame["Sale_Price"].agg(["min", "median", "max"]).tolist() == [12_789, 160_000, 755_000]
    assert frame["Mas_Vnr_Type"].value_counts()["None"] == 1775
    assert not frame.isna().any(axis=None)


def diamonds(frame: pd.DataFrame) -> None:
    counts = {"Ideal": 21551, "Premium": 13791, "Very Good": 12082, "Good": 4906, "Fair": 1610}
    assert frame["cut"].value_counts().to_dict() == counts
    assert frame["price"].mean() == pytest.approx(3932.8, abs=0.01)


def hotel(frame: pd.DataFrame) -> None:
    assert frame["arrival_date"].dt.year.isin([2016, 2017]).all()
    missing = frame.isna().sum()
    assert missing[missing > 0].to_dict() == {"country": 164}


def flights(frame: pd.DataFrame) -> None:
    assert frame["arr_delay"].isna().sum() == 9430
    assert frame["arr_delay"].mean() == pytest.approx(6.895377, abs=1e-6)
    assert frame["origin"].value_counts().to_dict() == {"EWR": 120835, "JFK": 111279, "LGA": 104662}
    assert not {"arr_time", "air_time"} & set(frame)


def bike(frame: pd.DataFrame) -> None:
    hours = pd.date_range("2010-09-20 12:00", "2019-09-01 00:00", freq="h")
    assert frame["ts"].tolist() == hours.tolist()
    assert frame["count"].head(3).tolist() == [11, 13, 8]


def electricity(frame: pd.DataFrame) -> None:
    assert frame["ts"].tolist() == pd.date_range("2012-01-01", "2014-12-31 23:00", freq="h").tolist()


def rossmann(frame: pd.DataFrame) -> None:
    assert frame["Store"].nunique() == 100
    assert not frame.duplicated(["Store", "Date"]).any()
    assert [frame["Date"].min(), frame["Date"].max()] == [pd.Timestamp(2013, 1, 1), pd.Timestamp(2015, 7, 31)]
    assert frame.groupby("Store")["Date"].is_monotonic_increasing.all()
    assert (frame.loc[~frame["Open"], "Sales"] == 0).all()


def imdb(frame: pd.DataFrame) -> None:
    """50,000 without 418 that repeat others."""
    assert frame["sentiment"].value_counts().to_dict() == {"positive": 24884, "negative": 24698}
    assert frame["review"].is_unique


def bbc_topics(frame: pd.DataFrame) -> None:
    """2,225 without 98 that repeat others."""
    counts = {"sports": 505, "business": 503, "politics": 403, "entertainment": 369, "tech": 347}
    assert frame["topic"].value_counts().to_dict() == counts
    assert frame["text"].str.contains("£").any()
    assert frame["text"].is_unique


def kjv_spanish(frame: pd.DataFrame) -> None:
    first = frame.iloc[0].tolist()
    assert first[0] == "In the beginning God created the heaven and the earth."
    assert first[1] == "EN el principio crió Dios los cielos y la tierra."
    assert not frame["spanish"].str.contains(r"[<>¶]|  ").any()


def software_spanish(frame: pd.DataFrame) -> None:
    assert not frame.duplicated().any()
    assert ["Insert Bibliography Entry", "Insertar entrada bibliográfica"] in frame.to_numpy().tolist()


def cmudict(frame: pd.DataFrame) -> None:
    """A word has a row for each pronunciation."""
    assert frame.set_index("word")["sounds"].loc["tomato"].tolist() == [
        "T AH0 M EY1 T OW2",
        "T AH0 M AA1 T OW2",
    ]
    assert len({sound for row in frame["sounds"] for sound in row.split()}) == 69


KNOWN: dict[str, Callable[[Any], None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        churn,
        adult,
        ames,
        diamonds,
        hotel,
        flights,
        bike,
        electricity,
        rossmann,
        imdb,
        bbc_topics,
        kjv_spanish,
        software_spanish,
        cmudict,
    )
}


def test_there_is_a_check_of_every_table_in_a_package():
    assert set(KNOWN) == {name for name, entry in NAMED_TABLES.items() if entry.release is not None}


@pytest.mark.parametrize("name", KNOWN)
def test_table(name: str, request: pytest.FixtureRequest):
    entry = NAMED_TABLES[name]
    if not cached_path(entry).is_file() and not request.config.getoption("--fetch"):
        pytest.skip(f"{name} is not in the cache: pytest --fetch tests/data/named fetches it")
    table = load_named(name)
    assert table.frame.shape == (entry.rows, entry.columns)
    assert {entry.target, entry.time or entry.target, *entry.series} <= set(table.frame)
    KNOWN[name](table.frame)


MEANS = {"mnist": (33.318, 33.791), "fashion": (72.940, 73.147), "cifar10": (120.708, 121.530)}
"""Of the pixels of the parts: MNIST's is usually given as 0.1307, Fashion-MNIST's as 0.2860 of 255."""


@pytest.mark.parametrize("name", NAMED_IMAGES)
def test_images(name: str, request: pytest.FixtureRequest):
    entry = NAMED_IMAGES[name]
    if not cached_path(entry).is_file() and not request.config.getoption("--fetch"):
        pytest.skip(f"{name} is not in the cache: pytest --fetch tests/data/named fetches it")
    images = open_images(name)
    assert images.pixels is not None
    assert images.pixels.shape == (sum(entry.images), *entry.size, entry.channels)
    assert {*images.classes} == {*entry.classes}
    parts = [images.rows("train"), images.rows("test")] if len(entry.images) > 1 else [images.rows("")]
    assert tuple(len(rows) for rows in parts) == entry.images
    for rows, mean in zip(parts, MEANS.get(name, ()), strict=False):
        assert images.pixels[rows].mean() == pytest.approx(mean, abs=2e-3)
    counts = np.bincount(images.class_numbers())
    if name == "mnist":  # of zeros and ones, as the publishers' files have them
        assert counts[:2].tolist() == [5923 + 980, 6742 + 1135]
    else:
        assert {*counts.tolist()} == {sum(entry.images) // len(entry.classes)}


@pytest.mark.parametrize("name", NAMED_TEXTS)
def test_texts(name: str, request: pytest.FixtureRequest):
    entry = NAMED_TEXTS[name]
    if not cached_path(entry).is_file() and not request.config.getoption("--fetch"):
        pytest.skip(f"{name} is not in the cache: pytest --fetch tests/data/named fetches it")
    text = fetch_named(name).read_text(encoding="utf-8")
    assert len(text.encode()) == entry.size
    assert text.startswith("[Emma by Jane Austen 1816]")
    assert "Call me Ishmael." in text
    assert "Antonio\n\n   Ant. Cæsar, my Lord" in text
