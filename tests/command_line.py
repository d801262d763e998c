"""Two ways to run `seqkit`, and what came of it; the plugins' tests use them too."""

import io
import subprocess
import sys
from typing import NamedTuple

import torch

from seqkit.cli.main import main


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        """What it wrote to stdout, by lines; it must have gone well."""
        assert self.code == 0, self
        return self.out.removesuffix("\n").split("\n")

    def complaint(self, code=1):
        """The one line on stderr of a command that failed as it should; click (code 2) shows the usage before it."""
        assert self.code == code, self
        assert self.out == "", self
        assert "Traceback" not in self.err, self.err
        *before, last = self.err.splitlines()
        assert code == 2 or not before, self.err
        start = "Error: " if code == 2 else "error: "
        assert last.startswith(start), self.err
        return last.removeprefix(start)


def call(*args, input=""):
    """Run a command in this process; what `main` does not handle is raised."""
    given = input.encode() if isinstance(input, str) else input
    streams = [io.TextIOWrapper(io.BytesIO(data), write_through=True) for data in (given, b"", b"")]
    kept = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv, (sys.stdin, sys.stdout, sys.stderr) = ["seqkit", *map(str, args)], streams
    code, threads = 0, torch.get_num_threads()
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = kept
        torch.set_num_threads(
            threads
        )  # --threads is for the command's process, and this one goes on
    return Done(code, *(stream.buffer.getvalue().decode() for stream in streams[1:]))


def call_apart(*args, input=""):
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "seqkit", *map(str, args)]
    given = input.encode() if isinstance(input, str) else input
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
