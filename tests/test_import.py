import subprocess
import sys

HEAVY = (
    "pandas",
    "sklearn",
    "scipy",
    "pyarrow",
    "plotly",
    "rich",
    "typer",
    "safetensors",
    "optuna",
    "torch",
    "jax",
)


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_importing_chainrule_loads_no_heavy_library():
    loaded = modules_after("import chainrule")
    assert "chainrule" in loaded
    assert loaded.isdisjoint(HEAVY), f"loaded too early: {sorted(loaded.intersection(HEAVY))}"


def test_the_check_would_notice():
    assert "typer" in modules_after("import chainrule, typer")
