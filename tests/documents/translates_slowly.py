"""A program that a test kills: a document through a translator that takes its time.

`python -m documents.translates_slowly SOURCE TARGET MEMORY SEEN SECONDS`: each line that the
translator is given is added to SEEN.
"""

import sys
import time
from pathlib import Path

from seqkit.translation.documents.memory import Memory
from seqkit.translation.documents.translating import translate_document
from seqkit.translation.predictions import TranslatedLine
from seqkit.translation.segments import Translation


class Slow:
    attends = False

    def __init__(self, seen, seconds):
        self.seen = seen.open("a", buffering=1)  # a line at once: what is buffered dies, too
        self.seconds = seconds

    def predict(self, inputs, *, align=False, **settings):
        for text in inputs:
            time.sleep(self.seconds)
            self.seen.write(f"{text}\n")
            yield TranslatedLine(text, [Translation(text.upper(), 0.0, 0.0, [], [])], None)


if __name__ == "__main__":
    source, target, memory, seen = map(Path, sys.argv[1:5])
    translator = Slow(seen, float(sys.argv[5]))
    translate_document(translator, source, target, memory=Memory(memory, "model"))
