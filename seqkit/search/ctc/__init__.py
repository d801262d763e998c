"""Text from the outputs of CTC models (Graves et al. 2006), as speech and handwriting recognisers
give them.

alphabet    which label is the blank, where words begin
emissions   checks of the log probabilities, the best path
beam        prefix beam search; spellings and paths hold what its hypotheses share
histories   complete words and their language model; words asks it for whole words
lexicon     which words may be spelled; hotwords are those that are to be heard
decoder     `Decoder`, `Stream`, `greedy`; transcript is what they return
"""

from .alphabet import Alphabet
from .decoder import Decoder, Stream, greedy
from .emissions import log_probabilities
from .transcript import Transcript, Word

__all__ = [
    "Alphabet",
    "Decoder",
    "Stream",
    "Transcript",
    "Word",
    "greedy",
    "log_probabilities",
]
