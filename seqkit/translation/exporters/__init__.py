"""Our translators in the formats of other programs.

ctranslate2.py   folders of CTranslate2
"""
