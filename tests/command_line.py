"""Two ways to run `seqkit`, and the result; the tests of plugins use them too."""

import io
import os
import subprocess
import sys
from pathlib import Path
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
        """The lines that it wrote to stdout; it must have succeeded."""
        assert self.code == 0, self
        return self.out.removesuffix("\n").split("\n")

    def complaint(self, code=1):
        """The one line on stderr of a command that failed as it should.

        With code 2, click shows the usage before it.
        """
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
    stdin, stdout, stderr = _stream(given), _stream(), _stream()
    kept = sys.argv, sys.stdin, sys.stdout, sys.stderr
    threads = torch.get_num_threads()

    code = 0
    sys.argv = ["seqkit", *map(str, args)]
    sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stderr
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = kept
        torch.set_num_threads(threads)  # this process continues, unlike that of a real command
    return Done(code, _written(stdout), _written(stderr))


def _stream(data=b""):
    return io.TextIOWrapper(io.BytesIO(data), write_through=True)


def _written(stream):
    return stream.buffer.getvalue().decode()


def call_apart(*args, input=""):
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "seqkit", *map(str, args)]
    given = input.encode() if isinstance(input, str) else input
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def paste(folder, command, **environment):
    """Run a line of a page in `folder`, as a reader does, with this `seqkit` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
