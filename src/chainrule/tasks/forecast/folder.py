"""The files of a forecast in a run folder: the series that it continues, as safetensors and JSON."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import Preparation
from chainrule.data.clock import Clock
from chainrule.data.frequency import DAY, MONTH_END, Days, Duration, Frequency, Months, WholeNumbers
from chainrule.data.plain_json import json_text
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.told_frequency import offset_of, plain_offset
from chainrule.data.windows import History, Windows
from chainrule.errors import ChainruleError, DataError
from chainrule.nn.settings import plain_setting
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.known_ahead import KnownAhead
from chainrule.tasks.forecast.network import ForecastNetwork
from chainrule.tasks.forecast.past_network import PastNetwork
from chainrule.training import load_run
from chainrule.training.folder import read_safetensors, safetensors_bytes

FORECASTER, HISTORY = "forecaster.json", "history.safetensors"


def write_forecast(
    folder: Path, forecast: Forecast, known_ahead: KnownAhead, settings: dict[str, Any]
) -> None:
    """Write everything that a forecast needs, except its run, into an existing folder.

    settings: further plain data to store.
    """
    preparation = known_ahead.preparation
    content = {
        "settings": settings,
        "windows": {**asdict(forecast.windows), "grid": forecast.windows.grid.to_plain()},
        "quantiles": forecast.quantiles,
        "corrections": None if forecast.corrections is None else forecast.corrections.tolist(),
        "series": [[each.series.name, each.series.start] for each in forecast.histories],
        "measured": [[each.mean, each.scale] for each in forecast.histories],
        "span": forecast.histories[0].span,
        "preparation": None if preparation is None else preparation.to_json(),
        "notes": known_ahead.notes,
        "complete": known_ahead.complete,
    }
    arrays = {"mean": known_ahead.mean, "scale": known_ahead.scale}
    for number, history in enumerate(forecast.histories):
        arrays[f"values/{number}"] = history.series.values
        arrays[f"covariates/{number}"] = history.series.covariates
    (folder / FORECASTER).write_text(json_text(content, indent=1) + "\n", encoding="utf-8")
    (folder / HISTORY).write_bytes(safetensors_bytes(arrays, {}))


def read_forecast(folder: Path) -> tuple[Forecast, KnownAhead, dict[str, Any]]:
    """What `write_forecast` wrote. Raises DataError if it is missing or damaged."""
    run = load_run(folder, classes=(ForecastNetwork, PastNetwork))
    arrays, _ = read_safetensors(folder / HISTORY)
    try:
        content = json.loads((folder / FORECASTER).read_text(encoding="utf-8"))
        windows = _windows(content["windows"])
        histories = [
            History.of(
                Series(name, start, arrays[f"values/{number}"], arrays[f"covariates/{number}"]),
                number,
                windows.season,
                content["span"],
            )
            for number, (name, start) in enumerate(content["series"])
        ]
        # Format 1 had none: there the whole history was trained on.
        for number, (mean, scale) in enumerate(content.get("measured", ())):
            histories[number] = replace(histories[number], mean=mean, scale=scale)
        preparation = content["preparation"]
        known_ahead = KnownAhead(
            None if preparation is None else Preparation.from_json(preparation),
            arrays["mean"],
            arrays["scale"],
            tuple(content["notes"]),
            tuple(content.get("complete", ())),
        )
        corrections = content.get("corrections")  # older folders have none
        forecast = Forecast(
            run,
            windows,
            tuple(histories),
            tuple(content["quantiles"]),
            None if corrections is None else np.array(corrections, np.float64),
        )
        return forecast, known_ahead, content["settings"]
    except ChainruleError:
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise DataError(f"{folder} is damaged: {missing} is missing", remedy="fit and save again") from None
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="fit and save again") from None


def _windows(plain: dict[str, Any]) -> Windows:
    grid = (
        _first_format(plain["grid"]) if "clock" not in plain["grid"] else TimeGrid.from_plain(plain["grid"])
    )
    seasonal = tuple((season, many) for season, many in plain["seasonal"])
    return Windows(**{**plain, "grid": grid, "seasonal": seasonal})


def settings_of(plain: dict[str, Any]) -> dict[str, Any]:
    """The settings that `plain` converted."""
    frequency = plain["frequency"]
    return {**plain, "frequency": offset_of(frequency) if isinstance(frequency, dict) else frequency}


def _first_format(plain: dict[str, Any]) -> TimeGrid:
    """The grid of a file of format 1, which has microseconds without a time zone, and days as seconds."""
    unit, count, anchor = plain["frequency"]["unit"], plain["frequency"]["count"], plain["anchor"]
    if unit == "step":
        return TimeGrid(WholeNumbers(count), anchor, Clock(form="number"))
    frequency: Frequency
    if unit == "month":
        date = np.datetime64(anchor, "us").astype("datetime64[D]")
        end = date + 1 == (date.astype("datetime64[M]") + 1).astype("datetime64[D]")
        frequency = Months(count, MONTH_END if end else 0)
        anchor = int(date.astype("datetime64[us]").astype(np.int64))
    else:
        nanoseconds = count * 10**9
        frequency = Days(nanoseconds // DAY) if nanoseconds % DAY == 0 else Duration(nanoseconds)
    return TimeGrid(frequency, anchor)


def plain(value: Any) -> Any:
    """A setting or a name as plain data for JSON; None for a random generator, which JSON can't hold."""
    value = plain_setting(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    from pandas.tseries.offsets import BaseOffset

    return plain_offset(value) if isinstance(value, BaseOffset) else None
