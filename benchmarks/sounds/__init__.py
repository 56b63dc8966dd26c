"""How well the task on sounds learns, beside other methods: `python -m benchmarks.sounds`."""
