"""Tasks: what people come with, each from data to a stored run."""
