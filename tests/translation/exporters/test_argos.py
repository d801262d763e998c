"""Packages for Argos Translate: what its `package.Package` reads, and CTranslate2 runs."""

import json
import shutil
import zipfile

import pytest
from sentencepiece import SentencePieceProcessor

import seqkit

ctranslate2 = pytest.importorskip("ctranslate2")

FOLDER = "translate-en_de-100_0"
LINES = ["Where is the station?", "I have lost my keys."]


@pytest.fixture(scope="module")
def package(cli, shipped, tmp_path_factory):
    out = tmp_path_factory.mktemp("argos") / "en-de.argosmodel"
    options = ["--to", "argos", "--languages", "en", "de", "--compute", "float32"]
    cli("export", "-m", shipped, "-o", out, *options).lines  # noqa: B018
    return out


def test_everything_is_in_one_folder_as_argos_unpacks_it(package):
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        metadata = json.loads(archive.read(f"{FOLDER}/metadata.json"))
        card = archive.read(f"{FOLDER}/README.md").decode()

    assert all(name.startswith(f"{FOLDER}/") for name in names)
    assert {f"{FOLDER}/sentencepiece.model", f"{FOLDER}/model/model.bin"} <= set(names)
    assert (metadata["from_code"], metadata["to_code"]) == ("en", "de")
    assert (metadata["from_name"], metadata["to_name"]) == ("English", "German")
    assert metadata["type"] == "translate"
    assert metadata["package_version"] == "100.0"
    assert "Licence of the data: CC-BY 2.0 FR" in card


def test_it_translates_as_ours_by_the_calls_of_argos(package, shipped, tmp_path):
    """As argostranslate.translate.apply_packaged_translation calls CTranslate2, version 1.11."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    pieces = SentencePieceProcessor(model_file=str(tmp_path / FOLDER / "sentencepiece.model"))
    translator = ctranslate2.Translator(str(tmp_path / FOLDER / "model"), device="cpu")
    found = translator.translate_batch(
        [pieces.encode(line, out_type=str) for line in LINES],
        replace_unknowns=True,
        max_batch_size=32,
        beam_size=4,
        num_hypotheses=1,
        length_penalty=0.2,
        return_scores=True,
    )
    theirs = [pieces.decode_pieces(result.hypotheses[0]).replace("▁", " ") for result in found]
    ours = seqkit.load(shipped, device="cpu", engine="torch")
    assert theirs == ours.translate(LINES, split=False, beam=4, length_penalty=0.2)


def test_seqkit_opens_its_package(package, shipped):
    again = seqkit.load(package, device="cpu", engine="torch").translate(LINES, split=False)
    ours = seqkit.load(shipped, device="cpu", engine="torch").translate(LINES, split=False)
    assert again == ours


def test_languages_come_from_the_run(cli, run_of, tmp_path):
    out = tmp_path / "x.argosmodel"
    cli("export", "-m", run_of("prenorm"), "--to", "argos", "-o", out).lines  # noqa: B018
    with zipfile.ZipFile(out) as archive:
        assert f"{FOLDER}/metadata.json" in archive.namelist()


def test_a_run_that_does_not_say_its_languages_is_told_how(cli, run, tmp_path):
    complaint = cli("export", "-m", run, "--to", "argos", "-o", tmp_path / "x.argosmodel")
    assert "give --languages FROM TO" in complaint.complaint()


def test_a_search_that_argos_cannot_be_told_is_named(cli, run_of, tmp_path):
    step = tmp_path / "step"
    run = run_of("prenorm")
    shutil.copytree(run / (run / "best").read_text().strip(), step)
    meta = json.loads((step / "meta.json").read_text())
    meta["config"]["search"]["no_repeat_ngram"] = 3
    (step / "meta.json").write_text(json.dumps(meta))
    done = cli("export", "-m", step, "--to", "argos", "-o", tmp_path / "x.argosmodel")
    assert done.code == 0
    assert "search.no_repeat_ngram = 3 stays with seqkit" in done.err


def test_words_are_refused(cli, run_of, tmp_path):
    out = tmp_path / "x.argosmodel"
    complaint = cli("export", "-m", run_of("words"), "--to", "argos", "-o", out).complaint()
    assert "Argos cuts text by SentencePiece, and this model by 'word'" in complaint


def test_the_name_of_a_package_has_its_suffix(cli, tmp_path):
    out = tmp_path / "x"
    complaint = cli("export", "--to", "argos", "-o", out).complaint()
    assert f"--out {out}.argosmodel" in complaint
