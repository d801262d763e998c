import os
import shutil
from pathlib import Path

import pytest

from seqkit.translation.exporters.ctranslate2 import model_files
from seqkit.translation.importers import huggingface

HERE = Path(__file__).parent


@pytest.fixture
def real_corpora():
    """The folder of real data; skips without it."""
    root = os.environ.get("SEQKIT_CORPORA")
    if not root or not (Path(root) / "models").is_dir():
        pytest.skip("needs models in the folder that SEQKIT_CORPORA names")
    return Path(root)


@pytest.fixture
def marian(tmp_path):
    """A copy of the Hugging Face folder, to damage."""
    return Path(shutil.copytree(HERE / "marian", tmp_path / "marian"))


@pytest.fixture
def exported(tmp_path):
    """`exported(compute)`: the same model as a CTranslate2 folder."""

    def write(compute="float32"):
        foreign = huggingface.read(HERE / "marian")
        folder = tmp_path / f"ctranslate2-{compute}"
        folder.mkdir()
        tokens = foreign.tokenizers.target.vocab.tokens
        files = model_files(
            foreign.ours(), foreign.config()["model"], tokens, tokens, compute=compute
        )
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name in ("source.spm", "target.spm"):
            shutil.copy(HERE / "marian" / name, folder)
        return folder

    return write
