"""Trials: nothing is measured, but something must not happen, however long it is tried.

    python -m benchmarks.trials.kill     # trainings killed and resumed: nothing is lost or changed
    python -m benchmarks.trials.soak     # a million lines: memory stays
    python -m benchmarks.trials.fuzz     # damaged files: a line, or a result
    python -m benchmarks.trials.service  # an hour of mixed load: the service's memory stays

processes.py and runs.py are the trainings that the first two start.
"""
