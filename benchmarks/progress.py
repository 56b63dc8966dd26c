"""What is going on, on standard error."""

import sys
from shutil import get_terminal_size
from types import TracebackType


class Progress:
    """Called with what begins now. On a terminal one line that changes; elsewhere a line for each start."""

    def __init__(self) -> None:
        self._stage = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __call__(self, what: str) -> None:
        """Something begins."""
        if sys.stderr.isatty():
            # Written by hand: an animation would take time from the peers that are being measured.
            text = what[: get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
            return
        stage = what.rpartition(": ")[0] if ": round " in what else what
        if stage != self._stage:
            self._stage = stage
            self.tell(stage)

    def tell(self, line: str) -> None:
        """A line that stays."""
        self.clear()
        print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
