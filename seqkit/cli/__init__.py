"""The command line: thin commands over the library.

main.py      the group `seqkit`, whose commands are imported when they are used
by_task.py   commands that a model's task decides: evaluate, predict; verbs.py: explain, compare
options.py   what commands share; lines.py: the text that they are given; progress.py: a bar
openmp.py    how threads wait, decided before torch is imported
checks.py    what `seqkit doctor` looks at

The others are one command a file; about.py has those that list what there is.
"""
