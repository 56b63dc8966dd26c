"""chainrule predict: what a trained network says about new rows."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.output import narrate, print_json, tell
from chainrule.data.wording import counted
from chainrule.errors import ConfigError
from chainrule.tasks import task_of
from chainrule.training import write_aside

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t"}
PARQUET = (".parquet", ".pq")


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="A CSV, Excel, JSON or Parquet file with the columns that the run was trained on; others "
            "are ignored. - is standard input. For a run on images, masks, boxes or faces: an image, or a "
            "folder of images; likewise for sounds. A forecast needs no file.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the predictions here, as .csv, .tsv or .parquet.",
            show_default="standard output, as CSV",
        ),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            "--draw",
            metavar="FOLDER",
            help="Draw the predictions into this folder: masks as PNG files, or images with boxes, and "
            "results.json in COCO's format.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the predictions as one JSON object on standard output.")
    ] = False,
) -> None:
    """Predict new rows, times, images or sounds with a trained network.

    For a table: a row of predictions for each row of the file, in the same order: the value, or the most
    probable class and the probability of every class. Number formats, dates and marks of missing values are
    read as in the file that the run was trained on.

    For a forecast: the time and series of each row, the median and the quantiles, so that the result can be
    joined with your table. Without a file, each series is continued for the horizon.

    For images or sounds: a row for each with the class and all probabilities; for masks, the share of each
    class; for boxes, a row for each object; for faces, the embedding of each image.

    [bold]Examples[/bold]

      chainrule predict runs/sales-001 new.csv
      chainrule predict runs/sales-001 new.csv --out predictions.csv
      chainrule predict runs/sales-001 new.parquet --json
      chainrule predict runs/flowers-001 photographs
      chainrule predict runs/streets-001 photographs --draw masks --out shares.csv
      chainrule predict runs/cells-001 slides --draw found
    """
    if out is not None:
        _check_out(out)
    task = task_of(run)
    answer = task.predict(task.load(run), file, narrate)
    predictions, unseen = answer.frame, answer.unseen
    for name, count in unseen.items():
        values = "1 value is a category" if count == 1 else f"{count:,} values are categories"
        narrate(f"column {name!r}: {values} that training had never or too rarely to learn")
    if draw is not None:
        if answer.draw is None:
            raise ConfigError(f"a run of the task {task.name} has nothing to draw", remedy="leave out --draw")
        tell(f"{counted(answer.draw(draw), 'picture')} drawn into {draw}")
    if out is not None:
        write_aside(out, _encoded(predictions, out.suffix.lower()))
        tell(f"{len(predictions):,} predictions written to {out}")
    if json:
        records = [
            dict(zip(predictions.columns, row, strict=True)) for row in predictions.to_numpy(dtype=object)
        ]
        where = None if out is None else str(out)
        print_json({"rows": len(predictions), "out": where, "unseen": dict(unseen), "predictions": records})
    elif out is None:
        predictions.to_csv(sys.stdout, index=False)


def _check_out(out: Path) -> None:
    if out.is_dir():
        raise ConfigError(f"--out {out} is a directory", remedy="name a file in it, such as predictions.csv")
    if out.suffix.lower() not in (*SEPARATORS, *PARQUET):
        raise ConfigError(
            f"--out {out}: predictions are written as CSV or Parquet",
            remedy=f"name it {out.with_suffix('.csv').name}, or end it in .parquet",
        )


def _encoded(predictions: "pd.DataFrame", suffix: str) -> bytes:
    if suffix in PARQUET:
        buffer = io.BytesIO()
        predictions.to_parquet(buffer, index=False)
        return buffer.getvalue()
    return predictions.to_csv(index=False, sep=SEPARATORS[suffix]).encode()
