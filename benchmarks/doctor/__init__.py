"""The doctor's proving ground: programs with one fault planted, their healthy twins, rivals, and scores."""
