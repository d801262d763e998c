"""A layer that cannot be made says in one line which name, size or rate is wrong."""

import pytest

from seqkit.errors import ConfigError, WrongValue
from seqkit.nn.attention import Attention, MultiHeadAttention
from seqkit.nn.dropout import Dropout, LockedDropout
from seqkit.nn.recurrent import Recurrent
from seqkit.nn.transformer import DecoderLayer, Embedding, EncoderLayer, FeedForward, check_width

RATES = {"dropout": 0.0, "attention_dropout": 0.0, "prenorm": True}
WRONG = {
    "no cell 'lstmm'. Did you mean 'lstm'? Known: gru, lstm, rnn.": lambda: Recurrent(
        "lstmm", 2, 3
    ),
    "no cell 'LSTM'. Did you mean 'lstm'? Known: gru, lstm, rnn.": lambda: Recurrent("LSTM", 2, 3),
    "no cell None. Known: gru, lstm, rnn.": lambda: Recurrent(None, 2, 3),
    "no implementation 'scratsh'. Did you mean 'scratch'? Known: auto, scratch, torch.": (
        lambda: Recurrent("gru", 2, 3, implementation="scratsh")
    ),
    "no attention 'aditive'. Did you mean 'additive'?": lambda: Attention("aditive", 2, 2),
    "dot attention needs queries as wide as the memory: 2 and 3": lambda: Attention("dot", 2, 3),
    "inputs = 0 must be": lambda: Recurrent("gru", 0, 3),
    "hidden = -1 must be a whole number from 1": lambda: Recurrent("gru", 2, -1),
    "layers = 1.5 must be": lambda: Recurrent("gru", 2, 3, layers=1.5),
    "layers = 0 must be": lambda: Recurrent("gru", 2, 3, layers=0),
    "recurrent_dropout = 2 must be": lambda: Recurrent("gru", 2, 3, recurrent_dropout=2),
    "rate = -0.1 must be a share from 0 to 1": lambda: Recurrent("gru", 2, 3, dropout=-0.1),
    "rate = 1.5 must be": lambda: Dropout(1.5),
    "rate = nan must be": lambda: LockedDropout(float("nan")),
    "rate = None must be": lambda: Dropout(None),
    "width = 10 must be a multiple of heads = 3": lambda: MultiHeadAttention(10, 3),
    "heads = 0 must be": lambda: MultiHeadAttention(10, 0),
    "heads = '2' must be": lambda: EncoderLayer(4, "2", 8, **RATES),
    "hidden = 0 must be": lambda: DecoderLayer(4, 2, 0, **RATES),
    "hidden = None must be": lambda: FeedForward(4, None, dropout=0.0),
    "width = 5 must be even and a multiple": lambda: check_width(5, 1),
    "heads = 0 must be a whole": lambda: check_width(4, 0),
    "vocab = 0 must be": lambda: Embedding(0, 4, dropout=0.0, padding=0),
    "padding = 7 is none of the 5 tokens": lambda: Embedding(5, 4, dropout=0.0, padding=7),
}


@pytest.mark.parametrize("says", [*WRONG])
def test_a_wrong_layer_is_told_in_one_line(says):
    with pytest.raises(WrongValue) as caught:
        WRONG[says]()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ConfigError | ValueError)
