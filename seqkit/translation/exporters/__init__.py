"""Our translators in the formats of other programs.

ctranslate2.py   folders of CTranslate2
run_folder.py    what is needed of a run folder; check.py: whether the other program agrees
"""
