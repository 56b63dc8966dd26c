"""A forecast of several series, with covariates that are known ahead.

Two shops sell something every day. Sales depend on the day of the week, the season and on whether the shop
advertises, which is planned ahead. NetForecaster learns both series with one network and forecasts
quantiles, so that each forecast says how uncertain it is. A back-test compares it with repeating the last
week. The figure shows the forecast of each shop, with its 80 % band, and what was sold.

Run with: python examples/forecast.py, or python examples/forecast.py forecast.html to write the figure.
"""

import sys

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from chainrule.estimators import NetForecaster

random = np.random.default_rng(0)
days = pd.date_range("2023-01-01", periods=420, freq="D")
shops = pd.DataFrame({"day": days.repeat(2), "shop": ["north", "south"] * 420})
shops["advertised"] = random.random(840) < 0.3
season = np.sin(2 * np.pi * shops["day"].dt.day_of_year / 365)
weekend = shops["day"].dt.day_of_week >= 5
level = np.where(shops["shop"] == "north", 40, 25)
sold = level + 8 * season + 9 * weekend + 10 * shops["advertised"] + 2 * random.normal(size=840)

horizon = 21  # days
known, coming = shops[: -2 * horizon], shops[-2 * horizon :]
forecaster = NetForecaster(time="day", series="shop", horizon=horizon, random_state=0)
forecaster.fit(known, sold[: -2 * horizon])
forecast = forecaster.forecast(X_future=coming)  # day, shop, and a column for each quantile
print(forecast.head(4).to_string(index=False, float_format="%.1f"))

# A back-test learns from what was known before each fold. MASE is the mean absolute error divided by that of
# the seasonal naive forecast within the training rows: below 1 is better than repeating the last week.
scores = forecaster.backtest(shops, sold, folds=2)
mase = scores.groupby("model")["mase"].mean()
print(mase.round(2).to_string())
assert mase["network"] < mase["seasonal naive 7"]

joined = forecast.merge(shops.assign(sold=sold), on=["day", "shop"])
inside = joined["sold"].between(joined["quantile_0.1"], joined["quantile_0.9"]).mean()
print(f"{inside:.0%} of the days lie between the quantiles 0.1 and 0.9")

figure = go.Figure()
for shop, colour in (("north", "47, 127, 196"), ("south", "217, 118, 43")):
    past = shops["shop"] == shop
    rows = joined[joined["shop"] == shop]
    around = [*rows["quantile_0.9"], *rows["quantile_0.1"][::-1]]
    figure.add_scatter(
        x=[*rows["day"], *rows["day"][::-1]], y=around, fill="toself", mode="none",
        fillcolor=f"rgba({colour}, 0.25)", name=f"{shop}, 80 % band", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=rows["day"], y=rows["quantile_0.5"], name=f"{shop}, median", line_color=f"rgb({colour})"
    )
    figure.add_scatter(
        x=shops["day"][past][-60:], y=sold[past][-60:], mode="markers", name=f"{shop}, sold",
        marker={"size": 5, "color": f"rgb({colour})"},
    )  # fmt: skip
figure.update_layout(yaxis_title="sold", height=460)
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
