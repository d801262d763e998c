"""A plugin that is installed for one test and gone in the next line."""

from contextlib import contextmanager

from seqkit.plugins import components

MODELS = """
from seqkit.config import section
from seqkit.translation.models.transformer import Transformer
from torch import nn

def register(plugin):
    plugin.model("gone-transformer", "gone_plugin:Gone", "A Transformer of a plugin.")
    plugin.model("incomplete", "gone_plugin:Incomplete", "A model without methods.")
    plugin.tokenizer("gone-words", "gone_plugin:Words", "Words of a plugin.")

class Gone(Transformer):
    pass

@section
class Config:
    pass

class Incomplete(nn.Module):
    Config = Config
    presets = {}

    def __init__(self, config, *, target_vocab, source_vocab):
        super().__init__()

from seqkit.text.tokenizer_models import WordTokenizer

class Words(WordTokenizer):
    pass
"""
METADATA = "Metadata-Version: 2.1\nName: seqkit-gone\nVersion: 1.2\n"
ENTRY_POINTS = "[seqkit.plugins]\ngone = gone_plugin:register\n"


@contextmanager
def installed(folder, monkeypatch):
    """Within the context, the plugin is installed in `folder`."""
    info = folder / "seqkit_gone-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "gone_plugin.py").write_text(MODELS)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(folder)
        components.cache_clear()
        try:
            yield
        finally:
            components.cache_clear()
