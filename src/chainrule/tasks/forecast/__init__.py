"""Forecasts: one or many series of a table are continued in time, with quantiles."""

from chainrule.tasks.forecast.evaluate import guess
from chainrule.tasks.forecast.explain import explain
from chainrule.tasks.forecast.predict import predict
from chainrule.tasks.forecast.run import NAME, load_forecast_run, plan_forecast, settle, train_forecast
from chainrule.tasks.forecast.sections import sections
from chainrule.tasks.forecast.settings import HELP, ForecastTaskSettings
from chainrule.tasks.forecast.space import SEARCH
from chainrule.tasks.opening import open_table
from chainrule.tasks.task import Task

FORECAST = Task(
    name=NAME,
    meaning="forecast time series, with quantiles",
    settings=ForecastTaskSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_table(source, target, missing=settings.missing, say=say),
    settle=settle,
    plan=plan_forecast,
    train=train_forecast,
    load=load_forecast_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=lambda evaluation, folder: sections(evaluation),
    search=SEARCH,
    options={
        "doctor": "--doctor MODE",
        "time": "--time COLUMN",
        "series": "--series COLUMN",
        "horizon": "--horizon STEPS",
    },
)
