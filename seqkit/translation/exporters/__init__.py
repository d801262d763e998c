"""Our translators in the formats of other programs.

run_folder.py    what is needed of a run folder
pieces.py        SentencePiece models that do what our tokenizers do
card.py          README.md: what the run says of itself, and how to use it there
ctranslate2.py   folders of CTranslate2, or their files in memory
argos.py         packages of Argos Translate, which LibreTranslate serves
huggingface.py   folders of Hugging Face's transformers: MarianMTModel and its pre-norm twin
check.py         whether the program that runs them translates as ours does
"""
