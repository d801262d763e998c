"""`python -m seqkit` is the same as `seqkit`."""

from .cli.main import main

main()
