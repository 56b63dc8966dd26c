"""The documentation site builds strictly, where its tools are installed (`make site` installs them)."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from tests.test_public_names import PACKAGES, page_of, public

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="the site's tools are not installed: make site")
def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    for page in ("index.html", "api/nn.html", "examples/xor.html"):
        html = (tmp_path / page).read_text(encoding="utf-8")
        # Nothing is fetched from elsewhere: neither scripts nor styles nor fonts.
        assert 'src="http' not in html
        assert 'rel="stylesheet" href="http' not in html
    for package in PACKAGES:
        shown = (tmp_path / page_of(package)).with_suffix(".html").read_text(encoding="utf-8")
        for name, each in public(package).items():
            places = {f"{package}.{name}", f"{getattr(each, '__module__', '')}.{name}"}
            assert isinstance(each, ModuleType) or any(f'id="{place}"' in shown for place in places), name
    train = (tmp_path / "api" / "chainrule.html").read_text(encoding="utf-8")
    assert "<li><code>seed</code>: of the split" in train.replace("<li>\n<p>", "<li>")  # docs/fields.py
    assert "'validation_&lt;name&gt;'" in train
    assert 'class="drawing"' in (tmp_path / "examples" / "xor.html").read_text(encoding="utf-8")
