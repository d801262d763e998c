"""hf:OWNER/NAME: fetched once, checked, pinned; one line for whatever can go wrong."""

import json
from pathlib import Path

import huggingface_hub.constants
import pytest
from hub_site import COMMIT, Hub, serving

import seqkit
from seqkit.runs import hub as fetching

MARIAN = Path(__file__).parent / "marian"
EXPECTED = json.loads((MARIAN / "expected.json").read_text())
NAME = "hf:Helsinki-NLP/opus-mt-en-de"


def use(address, monkeypatch):
    """As HF_ENDPOINT does, which huggingface_hub reads when it is imported."""
    constants = huggingface_hub.constants
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + template)
    monkeypatch.setattr(constants, "ENDPOINT", address)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with the small Marian model, and an empty cache."""
    files = {path.name: path.read_bytes() for path in MARIAN.iterdir() if path.is_file()}
    del files["expected.json"]
    files |= {"rust_model.ot": b"not wanted", "pytorch_model.bin": b"nor this"}
    with serving(Hub("Helsinki-NLP/opus-mt-en-de", files)) as site:
        use(site.address, monkeypatch)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        fetching.fetch.cache_clear()
        yield site
    fetching.fetch.cache_clear()


@pytest.fixture(autouse=True)
def few_tries(monkeypatch):
    """huggingface_hub waits longer before each time it tries again."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def complaint(cli, tmp_path, name=NAME):
    fetching.fetch.cache_clear()
    out = tmp_path / "out"
    found = cli("import", name, "--out", out).complaint()
    assert not out.exists()
    return found


def test_a_model_is_fetched_and_opened(hub):
    translator = seqkit.load(NAME, device="cpu")
    found = translator.token_scores(EXPECTED["sources"], EXPECTED["targets"])
    for ours, theirs in zip(found, EXPECTED["log_probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)

    fetched = {path.rpartition("/")[2] for command, path in hub.requests if command == "GET"}
    assert fetched >= {"model.safetensors", "config.json", "source.spm"}
    assert not fetched & {"rust_model.ot", "pytorch_model.bin"}


def test_an_imported_run_names_the_commit(cli, hub, tmp_path):
    run = tmp_path / "run"
    cli("import", NAME, "--out", run)
    meta = json.loads((run / "meta.json").read_text())
    assert meta["imported"]["source"] == f"{NAME}@{COMMIT}"
    assert f"{NAME}@{COMMIT}" in (run / "README.md").read_text()


def test_what_was_fetched_is_opened_without_a_connection(hub, monkeypatch):
    first = fetching.fetch(NAME)
    use("http://127.0.0.1:9", monkeypatch)
    for name in (NAME, f"{NAME}@{COMMIT}"):
        fetching.fetch.cache_clear()
        assert fetching.fetch(name) == first


def test_files_are_fetched_once(hub):
    fetching.fetch(NAME)
    hub.requests.clear()
    fetching.fetch.cache_clear()
    fetching.fetch(NAME)
    assert not [path for command, path in hub.requests if command == "GET" and "resolve" in path]


def test_without_a_connection_it_says_what_to_download(cli, hub, tmp_path, monkeypatch):
    use("http://127.0.0.1:9", monkeypatch)
    found = complaint(cli, tmp_path)
    assert "no connection to http://127.0.0.1:9/Helsinki-NLP/opus-mt-en-de" in found
    assert "hf download Helsinki-NLP/opus-mt-en-de --revision main --local-dir FOLDER" in found


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ((401, "GatedRepo"), "it is gated: accept its terms at http"),
        ((401, "RepoNotFound"), "no such model, or it is private"),
        ((404, "RepoNotFound"), "no such model, or it is private"),
        ((503, ""), "answers 503: try again later"),
    ],
)
def test_refusals_of_the_hub(cli, hub, tmp_path, refusal, message):
    hub.refuses = refusal
    assert message in complaint(cli, tmp_path)


def test_a_revision_that_does_not_exist(cli, hub, tmp_path):
    assert "it has no revision 'v9'" in complaint(cli, tmp_path, f"{NAME}@v9")


@pytest.mark.parametrize("name", ["hf:", "hf:x", "hf:a/b/c", "hf:a/b@", "hf:../etc"])
def test_names_that_the_hub_cannot_have(cli, hub, tmp_path, name):
    assert "is not hf:OWNER/NAME" in complaint(cli, tmp_path, name)


@pytest.mark.parametrize("file", ["model.safetensors", "vocab.json"])
def test_a_file_with_another_digest_is_removed(cli, hub, tmp_path, file):
    content = hub.files[file]
    hub.files[file] = content[:-2] + b"\n\n"
    assert f"{file} is not what the hub says, by its digest" in complaint(cli, tmp_path)

    hub.files[file] = content
    fetching.fetch.cache_clear()
    assert fetching.fetch(NAME).path.joinpath(file).read_bytes() == content


def test_a_file_that_is_larger_than_said(cli, hub, tmp_path):
    hub.files["vocab.json"] += b" " * 1000
    assert "vocab.json is not what the hub says, 2,848 bytes and not 1,848" in complaint(
        cli, tmp_path
    )


def test_a_connection_that_is_cut(cli, hub, tmp_path):
    hub.breaks_after = 10_000
    found = complaint(cli, tmp_path)
    assert "cannot fetch" in found
    assert not list((tmp_path / "cache").rglob("model.safetensors"))


def test_a_model_of_another_kind_is_refused_before_its_weights_come(cli, hub, tmp_path):
    config = json.loads(hub.files["config.json"]) | {"model_type": "llama"}
    changed = Hub(hub.repository, {**hub.files, "config.json": json.dumps(config).encode()})
    hub.files, hub.digests, hub.sizes = changed.files, changed.digests, changed.sizes
    assert "a model of kind 'llama'" in complaint(cli, tmp_path)
    assert not [path for _, path in hub.requests if path.endswith("model.safetensors")]


def test_a_repository_without_a_model(cli, hub, tmp_path):
    hub.digests, hub.sizes = {"README.md": "0" * 40}, {"README.md": 9}
    assert "holds no model that seqkit opens, but README.md" in complaint(cli, tmp_path)


def test_the_variables_of_huggingface_hub_count(seqkit_cli, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert seqkit_cli("import", NAME, "--out", tmp_path / "run").code == 0
    assert (tmp_path / "home" / "hub").is_dir()
