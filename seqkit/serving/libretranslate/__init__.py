"""LibreTranslate's API, so that its clients work unchanged: Weblate, libretranslatepy and others.

asked.py   what its requests hold, as JSON or as a form
texts.py   texts and HTML through one model, or two by way of a third language
routes.py  /translate, /detect, /languages, /translate_file, /download_file, /frontend/settings

https://docs.libretranslate.com/api says what they are. Errors are `{"error": "a sentence"}`.
"""
