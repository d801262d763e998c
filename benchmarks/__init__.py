"""seqkit beside its peers: one command a row.

    python -m benchmarks                      # the rows
    python -m benchmarks decode               # all cases of a row
    python -m benchmarks decode --case "beam 5, batch 64" --rounds 5 --json now.json
    python -m benchmarks train --limit        # the limit of this CPU, and where the time goes
    python -m benchmarks growth               # how cost grows, with pictures
    python -m benchmarks --all                # all that is not long; writes the table of RESULTS.md
    python -m benchmarks bulk processes --table        # these rows of the table anew
    python -m benchmarks --all --compare benchmarks/latest.json   # exit 1 if a row is slower now

It runs in a checkout that is installed with everything, as CONTRIBUTING.md says, so that the
compiled library is there; corpora that a row reads are fetched before (`seqkit corpora fetch`).

`--all` takes one round of each case, some forty minutes of two cores in all. A case that is done is
kept, and the same command goes on where it was stopped; one that fails is said in the table. On one
core it leaves out what needs two (`taskset -c 0 python -m benchmarks --all`).

What is good and not what is fast has scripts of its own, in `benchmarks.quality`; what must never
happen is tried in `benchmarks.trials`.

A row is a module in `benchmarks/rows/` with a `ROW` (see `benchmarks.core.Row`):

    def by_seqkit(settings, clock):           # runs in a process of its own
        import seqkit                         # heavy imports inside: peers do not have them

        translator = seqkit.load(device="cpu")
        with clock:                           # only this is measured
            texts = translator.translate(settings["texts"])
        return Outcome(len(texts), texts)     # work done, in the row's unit, and the result

    ROW = Row(
        title="one line, in words",
        unit="sentences",
        cases={"beam 5": {"beam": 5}, "greedy": {"beam": 1}},
        contestants=[
            Contestant("seqkit", by_seqkit),  # the first is ours
            Contestant("CTranslate2", by_ctranslate2, peer="ctranslate2"),
        ],
        agree=same_lines,                     # (ours, theirs) -> what is said, or Disagreement
    )

A contestant with `peer` runs in a virtual environment of its own, made on demand from the versions
in `peers.toml`; one that cannot be made costs a line, and its figures are left out. Contestants
take turns (A B A B …), each turn in a new process with one thread on one core. Figures are work per
CPU second (`Row.by="wall"`: per second, for several cores), median and spread of the rounds, and
the peak of memory; what an outcome says besides (`Outcome.said`) stands on its line. Results are
compared before speed: one that disagrees has no ratio. One that fails costs a line as well, and the
others go on. The command exits with 1 if there was either.

`settings` holds the case's own, "quick" (True: a few seconds of work, for trying a row) and
"folder", where the row's `prepare(settings)` has written what its contestants read.
"""
