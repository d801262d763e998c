"""Folders for Hugging Face's transformers: same ids, same logits, same translations."""

import json
import warnings
from contextlib import suppress

import pytest
import torch

import seqkit
from seqkit.text.vocab import BOS

with suppress(
    ImportError
):  # transformers imports torchvision, whose wheel may be for another torch
    import seqkit_vision.compat  # noqa: F401

transformers = pytest.importorskip("transformers")
try:
    transformers.PegasusForConditionalGeneration  # noqa: B018 - imported when it is asked for
except ImportError as error:
    pytest.skip(f"transformers does not work here: {error}", allow_module_level=True)

SOURCES = ["a b c", "j", "d  e f g "]
TARGETS = ["C B A", "J", "G F E D"]
GOOD = [
    "prenorm",
    "prenorm-bias",
    "postnorm",
    "postnorm-marian",
    "learned-positions",
    "learned-positions-postnorm",
    "untied",
    "two-vocabularies",
    "two-vocabularies-untied",
]


def opened(folder):
    """The model and the tokenizer, as anybody opens them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends sacremoses, which it does not use
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model, report = transformers.AutoModelForSeq2SeqLM.from_pretrained(
        folder, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    return model.eval(), tokenizer


def ids(tokenizer, text):
    return torch.tensor([tokenizer.encode(text, eos=True)])


@pytest.mark.parametrize("shape", GOOD)
def test_logits_and_ids_are_those_of_transformers(run_of, exported, shape):
    ours = seqkit.load(run_of(shape), device="cpu", engine="torch")
    model, tokenizer = opened(exported(shape, "huggingface"))
    is_prenorm = "postnorm" not in shape and shape not in ("untied",) and "two" not in shape
    expected = "Pegasus" if is_prenorm else "MarianMTModel"
    assert type(model).__name__.startswith(expected)
    assert type(tokenizer).__name__ == "MarianTokenizer"

    for source, target in zip(SOURCES, TARGETS, strict=True):
        source_ids, target_ids = ids(ours.source, source), ids(ours.target, target)
        assert tokenizer(source)["input_ids"] == source_ids[0].tolist()
        assert tokenizer(text_target=target)["input_ids"] == target_ids[0].tolist()
        assert tokenizer.decode(target_ids[0], skip_special_tokens=True) == target

        start = torch.tensor([[BOS]])
        inputs = torch.cat([start, target_ids[:, :-1]], 1)
        with torch.no_grad():
            mine = ours.model.logits(ours.model(source_ids, inputs))
            theirs = model(input_ids=source_ids, decoder_input_ids=inputs).logits
        if shape == "postnorm-marian":  # <bos> has no row there, and is never produced
            mine[..., BOS] = theirs[..., BOS] = 0
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_padding_changes_nothing(run_of, exported):
    model, tokenizer = opened(exported("prenorm", "huggingface"))
    inputs = tokenizer(SOURCES, return_tensors="pt", padding=True)
    start = torch.full((3, 1), BOS)
    with torch.no_grad():
        together = model(**inputs, decoder_input_ids=start).logits
        alone = model(**tokenizer(SOURCES[1], return_tensors="pt"), decoder_input_ids=start[:1])
    assert torch.allclose(together[1], alone.logits[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("beam", [1, 5])
def test_the_shipped_model_translates_as_ours(cli, shipped, tmp_path, beam):
    lines = [
        "Where is the station?",
        "I have lost my keys.",
        "Tom doesn't know what Mary is doing.",
        "It's raining.",
        "We'll meet again in 1984.",
    ]
    out = tmp_path / "en-de"
    cli("export", "-m", shipped, "--to", "huggingface", "-o", out)
    model, tokenizer = opened(out)
    inputs = tokenizer(lines, return_tensors="pt", padding=True)
    found = model.generate(**inputs, num_beams=beam)
    theirs = tokenizer.batch_decode(found, skip_special_tokens=True)
    ours = seqkit.load(shipped, device="cpu", engine="torch")
    assert theirs == ours.translate(lines, split=False, beam=beam)


@pytest.mark.parametrize("shape", GOOD)
def test_export_and_import_is_exact(run_of, exported, shape):
    ours = seqkit.load(run_of(shape), device="cpu", engine="torch")
    again = seqkit.load(exported(shape, "huggingface"), device="cpu", engine="torch")
    before, after = ours.model.state_dict(), again.model.state_dict()
    if shape == "postnorm-marian":
        return  # its <bos> becomes what it is looked up as

    assert set(after) - set(before) <= {"output_bias"}
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), name
    assert ours.source.vocab.tokens == again.source.vocab.tokens
    assert ours.target.vocab.tokens == again.target.vocab.tokens


def test_half_precision_is_half_the_size(exported):
    whole = exported("prenorm", "huggingface") / "model.safetensors"
    half = exported("prenorm", "huggingface", "--compute", "float16", suffix="-16")
    assert (half / "model.safetensors").stat().st_size < 0.7 * whole.stat().st_size
    assert json.loads((half / "config.json").read_text())["dtype"] == "float16"
    model, _ = opened(half)
    assert model.dtype == torch.float16


def test_the_card_has_a_header_for_the_hub(exported):
    card = (exported("postnorm", "huggingface") / "README.md").read_text()
    header = card.split("---\n")[1]
    assert 'language:\n- "en"\n- "de"\n' in header
    assert "tags:\n- translation\n- seqkit\n- marian\n" in header
    assert "pipeline_tag: translation\n" in header


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ("two-vocabularies-prenorm", "without one matrix for source, target and output"),
        ("without-eos", "model.source_eos = false"),
        ("two-positions", "learned positions for the source and others for the target"),
        ("words", "cuts text by SentencePiece, and this model by 'word'"),
    ],
)
def test_what_transformers_has_no_place_for_is_said(cli, run_of, tmp_path, shape, complaint):
    out = tmp_path / "x"
    done = cli("export", "-m", run_of(shape), "--to", "huggingface", "-o", out)
    assert complaint in done.complaint()
    assert not list(tmp_path.iterdir())
