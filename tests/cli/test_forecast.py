"""Forecasts from the command line: train, report, predict, explain, show, resume, the same as for a table."""

import json
import math
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

FIRST = date(2024, 1, 1)
TRAIN = ("train", "sales.csv", "--task", "forecast", "-t", "sold", "--series", "shop", "--horizon", "7")
QUICK = ("-s", "epochs=3", "-s", "units=8")


def sold(shop: int, day: int) -> float:
    return round((1 + shop) * (10 + 3 * math.sin(day / 7 * 2 * math.pi)) + 5 * (day % 11 == 0), 3)


@pytest.fixture
def sales(here) -> pd.DataFrame:
    """Two shops, rows of either in turn; a week to come, whose values are empty."""
    rows = [
        (FIRST + timedelta(day), f"s{shop}", int(day % 11 == 0), sold(shop, day) if day < 90 else None)
        for day in range(97)
        for shop in (0, 1)
    ]
    frame = pd.DataFrame(rows, columns=["day", "shop", "promo", "sold"])
    frame[frame["sold"].notna()].to_csv(here / "sales.csv", index=False)
    frame[frame["sold"].isna()].drop(columns="sold").to_csv(here / "week.csv", index=False)
    return frame


def test_from_file_to_run_to_forecasts_that_join_the_users_own_rows(here, sales, chainrule):
    finished = chainrule(*TRAIN, *QUICK, "--out", "it", "--json")
    assert finished.code == 0
    printed = json.loads(finished.out)
    assert (printed["task"], printed["target"], printed["rows"]) == (
        "forecast",
        "sold",
        {"train": 166, "test": 14},
    )
    assert printed["metrics"].keys() == printed["baseline"].keys() == {"mase", "pinball", "coverage"}
    assert "times are those of column 'day'" in finished.err
    answer = chainrule("predict", "it", "week.csv", "--out", "said.csv")
    assert answer.code == 0
    week, said = pd.read_csv(here / "week.csv"), pd.read_csv(here / "said.csv")
    assert list(said.columns) == ["day", "shop", "prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert said["prediction"].equals(said["quantile_0.5"])
    joined = week.merge(said, on=["day", "shop"], validate="one_to_one")
    assert len(joined) == 14
    assert (np.diff(said[["quantile_0.1", "quantile_0.5", "quantile_0.9"]], axis=1) >= 0).all()


def test_the_report_draws_the_forecasts(here, sales, chainrule):
    assert chainrule(*TRAIN, *QUICK, "--out", "it").code == 0
    page = (here / "it" / "report.html").read_text()
    assert all(text in page for text in ("seasonal naive 7", "s0", "s1", "0.1 to 0.9"))
    (here / "it" / "report.html").unlink()
    assert chainrule("report", "it").code == 0
    assert "seasonal naive 7" in (here / "it" / "report.html").read_text()


def test_a_config_repeats_the_run_to_the_bit(here, sales, chainrule):
    assert chainrule(*TRAIN, *QUICK, "--out", "it").code == 0
    assert chainrule("train", "--config", "it/config.toml", "--out", "again").code == 0
    for name in ("weights.safetensors", "config.toml", "forecaster.json", "history.safetensors"):
        assert (here / "it" / name).read_bytes() == (here / "again" / name).read_bytes()


def test_without_columns_known_ahead_it_goes_on_by_itself(here, sales, chainrule):
    sales[sales["sold"].notna()].drop(columns="promo").to_csv(here / "sales.csv", index=False)
    assert chainrule(*TRAIN, *QUICK, "--out", "it").code == 0
    answer = chainrule("predict", "it")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert len(lines) == 1 + 2 * 7
    assert lines[1].startswith("2024-03-31,s0,")
    assert lines[-1].startswith("2024-04-06,s1,")


def test_rows_out_of_order_and_rows_to_come_are_read_as_they_are_meant(here, sales, chainrule):
    assert chainrule(*TRAIN, *QUICK, "--out", "it").code == 0
    sales.sample(frac=1, random_state=0).to_csv(here / "sales.csv", index=False)
    finished = chainrule(*TRAIN, *QUICK, "--out", "shuffled")
    assert finished.code == 0
    assert "14 rows without sold are left out: they may be times to come" in finished.err
    one, two = (chainrule("predict", run, "week.csv").out for run in ("it", "shuffled"))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-s", "time=dya"], ["no column 'dya'", "did you mean 'day'?", "--time"]),
        (["--series", "shpo"], ["no column 'shpo'", "did you mean 'shop'?", "--series"]),
        (["--time", "sold"], ["time and target are both 'sold'"]),
        (["-t", "shop", "--series", "promo"], ["'shop' holds no numbers"]),
        (["--horizon", "80"], ["80", "smaller horizon"]),
        (["-s", "layers=8"], ["there is no setting 'layers'"]),
        (["-s", "quantiles=2"], ["quantiles is 2", "below 1"]),
        (["-s", "test=20"], ["no value before", "--set test=0"]),
    ],
)
def test_what_is_wrong_is_one_line_that_says_what_helps(sales, chainrule, arguments, words):
    finished = chainrule(*TRAIN, *QUICK, *arguments)
    assert finished.code == 2
    assert finished.err.count("\n") == 1
    assert all(word in finished.err for word in words), finished.err


def test_what_a_forecast_cannot_do_is_said(here, sales, chainrule):
    assert chainrule(*TRAIN, *QUICK, "--out", "it").code == 0
    assert "'promo'" in chainrule("predict", "it").err
    assert "explain the run of a table" in chainrule("explain", "it").err
    assert "parameters" in chainrule("show", "it").out
    late = (here / "week.csv").read_text().replace("2024-04-06", "2024-04-16")
    (here / "late.csv").write_text(late)
    assert "the horizon is 7" in chainrule("predict", "it", "late.csv").err


@pytest.mark.parametrize("held_out", [True, False])
def test_a_forecast_is_tuned_and_its_best_run_goes_on(here, sales, chainrule, held_out):
    sales[sales["sold"].notna()].drop(columns="promo").to_csv(here / "sales.csv", index=False)
    given = (*TRAIN[1:], "-s", "epochs=2", *(() if held_out else ("-s", "test=0")))
    finished = chainrule("tune", *given, "-n", "2", "--out", "it")
    assert finished.code == 0, finished.err
    searched = "searched are learning_rate, batch_size, units, dropout, weight_decay"
    assert searched in " ".join(finished.err.split())
    assert ("mean absolute scaled error" in finished.out) == held_out
    assert "of 2 trials" in finished.out
    assert len(chainrule("predict", "it/best").out.splitlines()) == 1 + 2 * 7
    more = chainrule("tune", *given, "-n", "3", "--out", "it", "--json")
    assert sum(json.loads(more.out)["trials"].values()) == 3


def test_the_first_trial_of_a_forecast_and_its_best_run_are_those_of_train(here, sales, chainrule):
    """The run of the best trial is evaluated, and continues, as one that `train` made with its settings."""
    assert chainrule("tune", *TRAIN[1:], *QUICK, "-n", "1", "--out", "it").code == 0
    assert chainrule(*TRAIN, *QUICK, "--out", "trained").code == 0
    assert chainrule("train", "--config", "it/best/config.toml", "--out", "again").code == 0
    for name in ("weights.safetensors", "forecaster.json"):
        best, again, trained = ((here / run / name).read_bytes() for run in ("it/best", "again", "trained"))
        assert best == again == trained
    told = [json.loads((here / run / "evaluation.json").read_text()) for run in ("it/best", "trained")]
    assert told[0]["metrics"] == told[1]["metrics"]


def test_a_network_chosen_by_backtest_is_stored_with_the_run(here, sales, chainrule):
    finished = chainrule(*TRAIN, *QUICK, "-s", "network=auto", "--out", "it")
    assert finished.code == 0
    assert "by the scaled pinball loss of a back-test on the last 4 horizons" in finished.err
    (chosen,) = re.findall(r"network: (\w+), by the", finished.err)
    assert f'network = "{chosen}"' in (here / "it" / "config.toml").read_text()
    assert chainrule("train", "--config", "it/config.toml", "--out", "again").code == 0
    first, second = (here / name / "forecaster.json" for name in ("it", "again"))
    assert first.read_bytes() == second.read_bytes()


def test_a_network_of_the_past_goes_on_by_itself(here, sales, chainrule):
    sales[sales["sold"].notna()].drop(columns="promo").to_csv(here / "sales.csv", index=False)
    assert chainrule(*TRAIN, *QUICK, "-s", "network=residual", "--out", "it").code == 0
    lines = chainrule("predict", "it").out.splitlines()
    assert len(lines) == 1 + 2 * 7
    refused = chainrule(*TRAIN, "-s", "network=transformer", "--out", "other")
    assert refused.code == 2
    assert "network is 'transformer'" in refused.err
    refused = chainrule(*TRAIN, "-s", "loss=squared", "--out", "other")
    assert refused.code == 2
    assert "quantiles" in refused.err
