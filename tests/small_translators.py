"""Small sizes of every model of translation, for the tests that go over all of them."""

SMALL = {
    "transformer": [
        {
            "width": 16,
            "hidden": 32,
            "heads": 2,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "prenorm": prenorm,
            "tie": tie,
        }
        for prenorm, tie in ((True, True), (False, False))
    ],
    "rnn-seq2seq": [
        {"embedding": 12, "hidden": 10, "encoder_layers": 2, "decoder_layers": 2, **more}
        for more in (
            {"cell": "gru"},
            {"cell": "lstm", "feed": "output", "tie": False},
            {"cell": "gru", "feed": "context", "attention": "general"},
            {"cell": "rnn", "feed": "output", "attention": "dot", "bidirectional": False},
            {"cell": "lstm", "feed": "context", "attention": "scaled-dot", "bidirectional": False},
            {"cell": "lstm", "attention": "none"},
            {"cell": "gru", "attention": "none", "bidirectional": False},
        )
    ],
}
