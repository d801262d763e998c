"""Text classification: a text in, its class or classes with probabilities out.

task.py         what the trainer must know: batches, the loss, the figures
data_config.py  the [data] section; texts.py: the texts of a run, cut apart
reading.py      texts and labels from files; labelled.py: what they are in memory
prepared.py     the same in files of the cache; inputs.py: as ids, in windows
classifier.py   the predictor; ensembles.py: several as one
held_out.py     what it is measured on; report.py: the figures; comparison.py: of two models
baselines.py    what it has to beat; naive_bayes.py is one of them
explain.py      which words decided; page.py and pictures.py show it and the figures
estimator.py    the same as scikit-learn has it; targets.py: its labels
remarks.py      what to say of texts that were classified
"""
