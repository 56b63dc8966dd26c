"""Makes the gallery of the site from the scripts in examples/: a hook of MkDocs (mkdocs.yml names it).

Each page has the docstring, the figure, the code and the output of one script. The scripts run when the site
is built; their results are kept in build/gallery and used again until a script or chainrule changes.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

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


@dataclass(frozen=True)
class Result:
    """What a script printed, and its figure as plotly's JSON."""

    output: str
    figure: Mapping[str, object]


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
    result = Result(done.stdout, json.loads(drawn.read_text(encoding="utf-8")))
    drawn.write_text(json.dumps({"output": result.output, "figure": result.figure}), encoding="utf-8")
    drawn.replace(_kept(name))
    return result


def result_of(name: str) -> Result:
    """What the script gave when it last ran, unless it or chainrule has changed since; else it runs."""
    kept = _kept(name)
    code = [_script(name), Path(__file__), *(ROOT / "src").rglob("*.py"), *(ROOT / "native").glob("*.?pp")]
    if kept.exists() and kept.stat().st_mtime > max(path.stat().st_mtime for path in code):
        return Result(**json.loads(kept.read_text(encoding="utf-8")))
    return run_example(name)


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
    # plotly writes "<" as an escape, and json.dumps keeps it so: no text can end the script element.
    specification = json.dumps(result.figure).replace("<", "\\u003c")
    height = result.figure["layout"].get("height", 420)  # type: ignore[attr-defined] (plotly's JSON)
    return (
        "---\nhide: [toc]\n---\n\n"  # the code needs the width
        f"# {title}\n\n{text}\n\n"
        f'<div class="figure"><div class="drawing" role="img" aria-label="{escape(title)}" '
        f'style="height:{height}px"></div>'
        f'<script type="application/json">{specification}</script></div>\n\n'
        '<script src="../assets/plotly.min.js"></script>\n<script src="../assets/figures.js"></script>\n\n'
        f"```python\n{code}\n```\n\n## What it prints\n\n"
        f"```text\n{result.output.rstrip()}\n```\n"
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


def _script(name: str) -> Path:
    return ROOT / "examples" / f"{name}.py"


def _kept(name: str) -> Path:
    return KEPT / f"{name}.json"
