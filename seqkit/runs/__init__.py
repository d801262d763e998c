"""From a config to a run folder, and from a run folder to a predictor.

Training:
start.py        `seqkit.train`; build.py makes task, model and trainer of a config
entry.py        how a run enters its folder; lock.py: alone; replaced.py: what --overwrite keeps
initial.py      what it starts from; changes.py: what may change when it is resumed
loop.py         the trainer's events, as they are logged, shown and saved; events.py: what a
                listener gets; progress.py: lines for people; signals.py: how it is stopped
folder.py       the folder: checkpoints, what is deleted; log.py: config.toml and log.jsonl
launch.py       what torchrun launches again; tensorboard.py: event files
folds.py        cross-validation

Opening:
load.py         `seqkit.load`; open.py: a run folder, by torch
finding.py      where a model is; hub.py: on Hugging Face's hub; ensembles.py: "A+B"
imported.py     other programs' models, and zipped runs (zipped.py)
predictor.py    what a trained model is to its user; card.py: what it says of itself

weight_average.py  one model from several; slim.py: a run to be handed on
"""
