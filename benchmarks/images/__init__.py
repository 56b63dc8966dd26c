"""Benchmarks of the tasks on images, a file a task."""
