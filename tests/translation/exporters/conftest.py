"""Small translators of every shape that is exported, hardly trained, as run folders."""

import pytest
from letters import write_config, write_pairs

import seqkit

SHAPES = {
    "prenorm": {},
    "prenorm-bias": {"model.output_bias": True, "model.activation": "gelu-tanh"},
    "postnorm": {"model.prenorm": False},
    "postnorm-marian": {
        "model.prenorm": False,
        "model.zero_start": True,
        "model.output_bias": True,
        "model.activation": "swish",
    },
    "learned-positions": {"model.learned_positions": 64},
    "learned-positions-postnorm": {"model.learned_positions": 64, "model.prenorm": False},
    "untied": {"model.prenorm": False, "model.tie": False, "model.activation": "gelu"},
    "two-vocabularies": {"model.prenorm": False, "text.shared": False},
    "two-vocabularies-untied": {
        "model.prenorm": False,
        "text.shared": False,
        "model.tie": False,
    },
    # what transformers has no place for:
    "two-vocabularies-prenorm": {"text.shared": False},
    "without-eos": {"model.source_eos": False},
    "two-positions": {"text.shared": False, "model.learned_positions": 64},
    "words": {"text.tokenizer": "word"},
}


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """`run_of("postnorm")` is the run folder of a translator of this shape."""
    folder = tmp_path_factory.mktemp("shapes")
    write_pairs(folder, train=300)
    for name in ("train", "valid"):  # other letters than the source's
        path = folder / f"{name}.target"
        path.write_text(path.read_text().upper())
    config = write_config(folder / "config.toml", train="steps = 3", every=3, width=16, heads=2)

    def run(shape):
        out = folder / shape
        if not out.exists():
            pieces = 277 if SHAPES[shape].get("text.shared") is False else 284
            overrides = {
                "text.tokenizer": "sentencepiece",
                "text.vocab_size": pieces,
                "data.max_length": 20,
                "data.languages": ["en", "de"],
                **SHAPES[shape],
            }
            seqkit.train(config, out=out, overrides=overrides)
        return out

    return run


@pytest.fixture
def exported(cli, run_of, tmp_path):
    """`exported("postnorm", "huggingface")` writes for another program and returns where."""

    def export(shape, to, *options, suffix=""):
        out = tmp_path / f"{shape}-{to}{suffix}"
        cli("export", "-m", run_of(shape), "--to", to, "-o", out, *options).lines  # noqa: B018
        return out

    return export
