"""How fast training is, side by side with other libraries: python -m benchmarks."""
