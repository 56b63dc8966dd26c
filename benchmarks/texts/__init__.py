"""How well the task on texts learns, beside other methods: `python -m benchmarks.texts`."""
