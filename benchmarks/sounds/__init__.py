"""How well the tasks on sounds learn."""
