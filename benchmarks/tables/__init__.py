"""How well, and how soon, estimators learn real tables: `python -m benchmarks.tables`."""
