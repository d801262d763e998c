"""When CTranslate2 is used, what is left to our own search, and what is said if it cannot be."""

import multiprocessing
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import seqkit
from seqkit.errors import ConfigError
from seqkit.search.rules import Rules
from seqkit.search.settings import SearchConfig
from seqkit.text import Vocab
from seqkit.text.vocab import EOS, UNK
from seqkit.threads import threads
from seqkit.translation.engines import compute
from seqkit.translation.engines.ctranslate2 import CTranslate2
from seqkit.translation.weights_file import read_state

pytest.importorskip("ctranslate2")
LINE = "Where is the station?"


@pytest.fixture(scope="module")
def by_either(shipped):
    return seqkit.load(shipped, device="cpu")


# Without torch


@pytest.mark.parametrize(
    "code",
    [
        "from seqkit.cli.main import cli; cli(['translate', 'Hello.'], standalone_mode=False)",
        "import seqkit; print(seqkit.load(device='cpu').translate(['Hello.'], nbest=2))",
    ],
)
def test_translating_does_not_import_torch(shipped, code):
    check = f"{code}\nimport sys\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True)
    assert "Hallo" in done.stdout


def test_threads_are_counted_without_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads() >= 1


def test_opening_a_model_leaves_the_threads_of_torch_alone(shipped):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        translator = seqkit.load(shipped, device="cpu", engine="ctranslate2")
        assert translator.translate([LINE])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# When it is used


def test_without_it_our_own_search_does_everything(shipped, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    translator = seqkit.load(shipped, device="cpu")
    assert translator.engine is None
    assert next(translator.predict([LINE])).record()["engine"] == "torch float32"

    for asked in ({"engine": "ctranslate2"}, {"compute": "int16"}):
        with pytest.raises(ConfigError, match="CTranslate2 is not installed"):
            seqkit.load(shipped, device="cpu", **asked)


def test_what_is_wrong_with_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    monkeypatch.setattr(compute, "find_spec", lambda name: None)
    assert compute.why_missing() == "CTranslate2 is not installed: `pip install 'seqkit[fast]'`"
    monkeypatch.setattr(compute, "find_spec", lambda name: "there")
    assert compute.why_missing().startswith("CTranslate2 does not load: import of ctranslate2")


def test_who_asks_for_the_model_may_change_it(shipped):
    translator = seqkit.load(shipped, device="cpu")
    assert translator.engine is not None
    with torch.no_grad():
        translator.model.output.zero_()
    assert translator.engine is None
    assert translator.translate([LINE], max_length=3) != ["Wo ist der Bahnhof?"]


def test_explaining_and_scoring_are_done_by_torch_and_leave_the_engine(shipped):
    translator = seqkit.load(shipped, device="cpu")
    ((best,),) = translator.translate_nbest([LINE])
    assert translator.score([LINE], [best.text]) == pytest.approx([best.log_probability], abs=1e-4)
    assert len(translator.explain(best)) == 1
    assert translator.engine is not None


def test_other_models_are_left_to_torch(shipped, tmp_path):
    for asked in ({"engine": "ctranslate2"}, {"compute": "int8"}):
        with pytest.raises(ConfigError, match="computes on the CPU here, not on 'cuda'"):
            seqkit.load(shipped, device="cuda", **asked)

    with pytest.raises(ConfigError, match="our own search computes in float32 or int8"):
        seqkit.load(shipped, engine="torch", compute="int16")
    for wrong in ({"engine": "ctranslate"}, {"compute": "int4"}):
        with pytest.raises(ConfigError, match="Did you mean"):
            seqkit.load(shipped, **wrong)


def test_several_models_decode_together_by_our_own_search(cli, shipped):
    both = ("-m", shipped, "-m", shipped)
    for asked in (("--engine", "ctranslate2"), ("--engine", "torch", "--compute", "int8")):
        complaint = cli("translate", *both, *asked, LINE).complaint()
        assert f"{shipped}+{shipped}: several models decode together by our own" in complaint
        assert f"leave out {asked[-2].strip('-')} = '{asked[-1]}'" in complaint


def test_models_of_other_tasks_have_no_other_engine(tmp_path):
    arpa = tmp_path / "a.arpa"
    arpa.write_text("\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a\n\n\\end\\\n")
    with pytest.raises(ConfigError, match="only translators have other engines"):
        seqkit.load(arpa, engine="ctranslate2")


# Numbers


def test_int8_translates_nearly_as_float32(cli, shipped):
    (line,) = cli("translate", "-m", shipped, "--compute", "int8", "--json", LINE).lines
    assert '"engine": "ctranslate2 int8"' in line
    assert "Bahnhof" in line


def test_numbers_that_the_cpu_has_not_are_refused(monkeypatch):
    library = SimpleNamespace(get_supported_compute_types=lambda device: {"float32", "int8"})
    monkeypatch.setattr(compute, "library", lambda: library)
    with pytest.raises(ConfigError, match=r"it does with float32, int8$"):
        compute.number_type("bfloat16")

    monkeypatch.setattr(compute, "has_eight_bit_products", lambda: True)
    assert compute.number_type("auto") == "int8"
    monkeypatch.setattr(compute, "has_eight_bit_products", lambda: False)
    assert compute.number_type("auto") == "float32"


@pytest.mark.parametrize(
    ("flags", "has"), [("fpu avx2 avx512_vnni", True), ("fpu avx_vnni", True), ("avx512f", False)]
)
def test_auto_goes_by_the_instructions_of_the_cpu(tmp_path, monkeypatch, flags, has):
    monkeypatch.setattr(compute.platform, "system", lambda: "Linux")
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert compute.has_eight_bit_products(info) == has
    assert not compute.has_eight_bit_products(tmp_path / "none")


def test_weights_of_sixteen_bits_are_read_as_torch_reads_them(tmp_path):
    numbers = torch.randn(3, 5)
    halves = {"a": numbers.bfloat16(), "b": numbers.half(), "c": numbers}
    save_file(halves, tmp_path / "model.safetensors")
    found = read_state(tmp_path / "model.safetensors")
    for name, tensor in halves.items():
        np.testing.assert_array_equal(found[name], tensor.float().numpy())


# What it does not do alike


def _stub(hypotheses):
    """An engine whose CTranslate2 says the same of every sentence."""
    vocab = Vocab([*"abcdefghijkl"])
    engine = CTranslate2(
        dict, vocab.tokens, vocab.tokens, number="float32", positions=50, threads=1
    )
    result = SimpleNamespace(hypotheses=hypotheses, scores=[-1.0] * len(hypotheses))
    answer = SimpleNamespace(result=lambda: result)
    engine.load = lambda: SimpleNamespace(
        translate_batch=lambda tokens, **options: [answer] * len(tokens)
    )
    return engine


@pytest.mark.parametrize(
    ("hypotheses", "is_taken"),
    [
        ([["a", "<eos>"], ["b", "<eos>"]], True),
        ([["a", "<eos>"], ["<unk>", "<eos>"]], False),
        ([["a", "<eos>"], ["b", "c"]], False),  # stopped by the limit
        ([["a", "<eos>"], ["b", "c", "d", "e", "<eos>"]], False),  # which comes at 5
    ],
)
def test_what_may_differ_is_left_to_our_own_search(hypotheses, is_taken):
    search = SearchConfig(beam=2, max_ratio=1, max_extra=3)
    rules = Rules(suppress=frozenset([UNK]))
    (found,) = _stub(hypotheses).search([[4, EOS]], search, rules=rules, batch_tokens=10)
    assert (found is not None) == is_taken


# Processes


def _translate(translator, answers):
    answers.put(translator.translate([LINE]))


def test_a_copy_that_was_pickled_translates(by_either):
    copy = pickle.loads(pickle.dumps(by_either))  # noqa: S301
    assert copy.translate([LINE]) == by_either.translate([LINE])
    assert copy.engine is not None


def test_a_forked_process_translates_and_ends(by_either):
    (wanted,) = by_either.translate([LINE])
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_translate, args=(by_either, answers))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() == [wanted]
    assert by_either.translate([LINE]) == [wanted]


FORKED = """
import os, torch, seqkit
torch.set_num_threads(2)
wide = torch.ones(500, 500)
wide @ wide  # its threads have started
translator = seqkit.load(device="cpu")
translator.translate(["Hello."])
child = os.fork()
if not child:
    translator.translate(["Where is the station?"] * 20, prefix="Wo")  # by our own search
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_searches_by_torch_whose_threads_its_parent_has_used():
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=120)
