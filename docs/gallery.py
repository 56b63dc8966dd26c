"""Makes the gallery of the site from the scripts in examples/: a hook of MkDocs (mkdocs.yml names it).

Each page has the docstring, the figure, the code and the output of one script. The pages of docs/doctor are
written by hand; what each of their Python blocks prints is put below it, and a figure of the two trainings
that they compare. Scripts and blocks run when the site is built; their results are kept in build/gallery and
used again until they or chainrule change.
"""

import ast
import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

    from chainrule import Run

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "gallery"

ORDER = (
    "xor",
    "one_step",
    "digits_convolution",
    "table_pipeline",
    "forecast",
    "vanishing_gradients",
    "overfitting",
    "optimizers",
    "loss_landscape",
    "language_model",
    "two_heads",
    "own_parts",
    "shards",
)
"""The scripts in the order in which the gallery shows them."""

# Runs a script as `python script` does, and writes the figure that it leaves in the name `figure`.
_RUNNER = """
import runpy, sys
script, file = sys.argv[1:]
sys.argv = [script]
figure = runpy.run_path(script, run_name="__main__")["figure"]
open(file, "w", encoding="utf-8").write(figure.update_layout(template=None).to_json())
"""


_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Result:
    """What a script, or each block of a page, printed; and the figure as plotly's JSON, None without one."""

    outputs: Sequence[str]
    figure: Mapping[str, object] | None


def run_example(name: str) -> Result:
    """Run examples/<name>.py, with warnings as errors, and keep what it gave.

    Raises RuntimeError with the script's error output if it fails.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    drawn = KEPT / f"{name}.figure.{os.getpid()}"
    command = [sys.executable, "-W", "error", "-c", _RUNNER, str(_script(name)), str(drawn)]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, cwd=KEPT, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"examples/{name}.py failed:\n{done.stderr}")
    result = Result([done.stdout], json.loads(drawn.read_text(encoding="utf-8")))
    drawn.write_text(json.dumps(asdict(result)), encoding="utf-8")
    drawn.replace(_kept(name))
    return result


def result_of(name: str) -> Result:
    """What the script gave when it last ran, unless it or chainrule has changed since; else it runs."""
    return _kept_result(_kept(name), _script(name)) or run_example(name)


def run_page(text: str) -> Result:
    """Run the Python blocks of a page from top to bottom, with warnings as errors.

    If they leave trainings in the names `plain` and `repaired`, the figure shows the held-out loss of both.
    """
    space: dict[str, object] = {"__name__": "page"}
    outputs = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in _BLOCK.findall(text):
            printed = StringIO()
            with redirect_stdout(printed):
                exec(compile(block, "page", "exec"), space)
            outputs.append(printed.getvalue())
        both = {"plain", "repaired"} <= space.keys()
        return Result(outputs, _curves(space["plain"], space["repaired"]) if both else None)  # type: ignore[arg-type] (Runs)


def worked_page(text: str, result: Result) -> str:
    """The page with what each block printed below it, and with the figure below the last one."""
    parts, place = [], 0
    for block, output in zip(_BLOCK.finditer(text), result.outputs, strict=True):
        parts.append(text[place : block.end()])
        if output.strip():
            parts.append(f"\n\n```text\n{output.rstrip()}\n```")
        place = block.end()
    if result.figure is not None:
        parts.append(f"\n\n{_drawing('Held-out loss with and without the doctor', result.figure)}")
    return "".join([*parts, text[place:]])


def _curves(plain: "Run", repaired: "Run") -> Mapping[str, object]:
    """The held-out loss of every epoch of both, and where the doctor repaired."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, run, colour in (("as written", plain, "#c2478f"), ("repaired", repaired, "#2f7fc4")):
        epochs, losses = ([each[key] for each in run.history] for key in ("epoch", "validation_loss"))
        figure.add_scatter(x=epochs, y=losses, name=name, mode="lines+markers", line_color=colour)
    a_step = repaired.history[-1]["epoch"] / repaired.history[-1]["step"]
    for finding in repaired.diagnosis:
        if finding.action and finding.step is not None:
            figure.add_vline(finding.step * a_step, line_dash="dot", annotation_text="repair")
    figure.update_xaxes(title="epoch").update_yaxes(title="held-out loss", type="log")
    return json.loads(figure.update_layout(template=None).to_json())


def title_and_text(name: str) -> tuple[str, str, str]:
    """The title, the text below it, and the code without them."""
    source = _script(name).read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, _, text = (ast.get_docstring(tree) or "").partition("\n\n")
    text = re.sub(r"python examples/\S+\.py( \S+\.html)?", r"`\g<0>`", text)
    code = "\n".join(source.splitlines()[tree.body[0].end_lineno :]).strip()
    return title.removesuffix("."), text, code


def example_page(name: str, result: Result) -> str:
    """The page of one script, in Markdown."""
    title, text, code = title_and_text(name)
    assert result.figure is not None
    (output,) = result.outputs
    return (
        "---\nhide: [toc]\n---\n\n"  # the code needs the width
        f"# {title}\n\n{text}\n\n{_drawing(title, result.figure)}"
        f"```python\n{code}\n```\n\n## What it prints\n\n"
        f"```text\n{output.rstrip()}\n```\n"
    )


def _drawing(title: str, figure: Mapping[str, object]) -> str:
    """The figure in HTML."""
    # plotly writes "<" as an escape, and json.dumps keeps it so: no text can end the script element.
    specification = json.dumps(figure).replace("<", "\\u003c")
    height = figure["layout"].get("height", 420)  # type: ignore[attr-defined] (plotly's JSON)
    return (
        f'<div class="figure"><div class="drawing" role="img" aria-label="{escape(title)}" '
        f'style="height:{height}px"></div>'
        f'<script type="application/json">{specification}</script></div>\n\n'
        '<script src="../assets/plotly.min.js"></script>\n<script src="../assets/figures.js"></script>\n\n'
    )


def index_page() -> str:
    """The list of all scripts."""
    entries = []
    for name in ORDER:
        title, text, _ = title_and_text(name)
        first = " ".join(text.split("\n\n")[0].split())
        entries.append(f"## [{title}]({name}.md)\n\n{first}\n")
    return (
        "# Examples\n\nEach of these scripts in the folder `examples` runs in seconds on its own: "
        "`python examples/xor.py`. With the name of an HTML file it also writes its figure. The data come "
        "with scikit-learn or are made by the script.\n\n" + "\n".join(entries)
    )


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """MkDocs asks for the files of the site: add the pages, and plotly's script for their figures."""
    from mkdocs.structure.files import File
    from plotly.offline import get_plotlyjs

    with ThreadPoolExecutor(2) as threads:  # each waits for a process that uses all cores some of the time
        pages = {
            name: example_page(name, each)
            for name, each in zip(ORDER, threads.map(result_of, ORDER), strict=True)
        }
    texts = {f"examples/{name}.md": page for name, page in pages.items()}
    texts |= {"examples/index.md": index_page(), "assets/plotly.min.js": get_plotlyjs()}
    for path, text in texts.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str | None:
    """MkDocs asks for the text of every page: add what the blocks of the doctor's print."""
    del config, files
    folder, _, name = page.file.src_uri.rpartition("/")
    if folder != "doctor" or not _BLOCK.search(markdown):
        return None
    kept = KEPT / f"doctor.{name}.json"
    result = _kept_result(kept, ROOT / "docs" / "doctor" / name)
    if result is None:
        result = run_page(markdown)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(result)), encoding="utf-8")
    return worked_page(markdown, result)


def _kept_result(kept: Path, source: Path) -> Result | None:
    """What was kept of a script or page; None where it, this file or chainrule has changed since."""
    code = [source, Path(__file__), *(ROOT / "src").rglob("*.py"), *(ROOT / "native").glob("*.?pp")]
    if kept.exists() and kept.stat().st_mtime > max(path.stat().st_mtime for path in code):
        return Result(**json.loads(kept.read_text(encoding="utf-8")))
    return None


def _script(name: str) -> Path:
    return ROOT / "examples" / f"{name}.py"


def _kept(name: str) -> Path:
    return KEPT / f"{name}.json"
