"""What a model attends to, by numpy: the same as torch says."""

import gc
import math
import pickle
import string
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch

import seqkit
from seqkit.search.forced_decoding import mean_attention
from seqkit.text import Vocab
from seqkit.text.vocab import EOS
from seqkit.training.checkpoint import unique_tensors
from seqkit.translation.engines import attention
from seqkit.translation.engines.attention import AttentionReader
from seqkit.translation.models.transformer import Transformer, TransformerConfig
from seqkit.translation.weights import weights_of

KINDS = {
    "norms before": {},
    "norms after": {"prenorm": False, "activation": "swish"},
    "untied": {"tie": False, "activation": "gelu"},
    "zero start, no <eos> in the source": {"zero_start": True, "source_eos": False},
    "learned positions": {"learned_positions": 40, "activation": "gelu-tanh"},
    "two tables of positions": {"learned_positions": 40, "tie": False},
}
VOCAB = Vocab([*string.ascii_lowercase])
LENGTHS = [(1, 0), (3, 5), (20, 1), (7, 7), (2, 30)]  # of sources and outputs


@pytest.mark.parametrize("together", [4000, 20], ids=["all together", "a few at a time"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_of_transformer_attends_as_in_torch(kind, together, monkeypatch):
    monkeypatch.setattr(attention, "_TOKENS", together)
    torch.manual_seed(7)
    sizes = {"width": 16, "hidden": 32, "heads": 2, "encoder_layers": 2, "decoder_layers": 3}
    config = TransformerConfig(**sizes, **kind)
    model = Transformer(config, target_vocab=len(VOCAB)).eval().requires_grad_(False)
    for parameter in model.parameters():  # as training leaves them, not as zeros and ones
        parameter += 0.3 * torch.randn_like(parameter)
    sources = [[*torch.randint(4, 30, (length,)).tolist(), EOS] for length, _ in LENGTHS]
    outputs = [torch.randint(4, 30, (length,)).tolist() for _, length in LENGTHS]

    state = {name: tensor.numpy() for name, tensor in unique_tensors(model).items()}
    reader = AttentionReader(weights_of(state, (2, 3), prenorm=config.prenorm), config)
    found = reader.mean_attention(sources, outputs)
    wanted = mean_attention(model, sources, outputs)
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs.numpy()).max() < 1e-5
    assert not reader.mean_attention([], [])


def test_words_are_aligned_without_torch_as_with_it(shipped):
    pytest.importorskip("ctranslate2")
    lines = ["Where is the station?", "Tom has lost his keys. He is 12 years old.", "", "No."]
    light, own = (seqkit.load(shipped, device="cpu", engine=name) for name in ("auto", "torch"))
    wanted = own.align([nbest[0] for nbest in own.translate_nbest(lines)])
    found = [nbest[0] for nbest in light.translate_nbest(lines)]
    assert light.align(found) == wanted
    copied = pickle.loads(pickle.dumps(light))  # noqa: S301
    assert copied.align(found) == wanted
    assert light.models_to_read  # now it is open, and aligns itself
    assert light.align(found) == wanted


def test_weights_that_align_go_when_the_model_is_opened(shipped, monkeypatch):
    pytest.importorskip("ctranslate2")
    made = []
    read = AttentionReader.mean_attention

    def noted(self, *given):
        made.append(weakref.ref(self))
        return read(self, *given)

    monkeypatch.setattr(AttentionReader, "mean_attention", noted)
    light = seqkit.load(shipped, device="cpu")
    light.align([nbest[0] for nbest in light.translate_nbest(["No."])])
    assert made[0]() is not None
    assert light.models_to_read
    gc.collect()
    assert made[0]() is None


def test_markup_is_put_back_without_importing_torch(shipped, tmp_path):
    pytest.importorskip("ctranslate2")
    (tmp_path / "a.html").write_text("<p>I live in a <b>small house</b>.</p>")
    code = (
        "import seqkit, sys\n"
        "seqkit.load(device='cpu').translate_document('a.html', 'b.html')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert "<b>kleinen Haus</b>" in (tmp_path / "b.html").read_text()


def test_gelu_is_the_share_of_a_normal_distribution_times_x():
    """By the formula of layers.h, a tenth of the time that calls of math.erf take."""
    x = np.concatenate([np.linspace(-12, 12, 4001), [0.0, -1e4, 1e4]]).astype(np.float32)
    wanted = [value * (1 + math.erf(value * math.sqrt(0.5))) / 2 for value in x.tolist()]
    found = attention._gelu(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-6)
