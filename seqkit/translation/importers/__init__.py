"""Translators of other programs, read as ours.

formats.py       what each of them is called, how it is known, what reads it
foreign.py       what a reader finds, and how it becomes a model and tokenizers of ours
run_folder.py    written as a run folder
ctranslate2.py   folders of CTranslate2; ctranslate2_file.py: its model.bin,
                 ctranslate2_vocabularies.py: its lists of tokens
argos.py         packages of Argos Translate
huggingface.py   folders of Hugging Face's Marian models (OPUS-MT)
marian.py        Marian's own .npz
"""
