"""The documentation: it builds without a warning, its tutorials run, its example plugins work."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import paste

import seqkit
from seqkit import recipes
from seqkit.config import build
from seqkit.labelling.classification.task import TextClassification
from seqkit.translation.data_config import TranslationData

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
PAGES = [DOCS / "getting-started.md", *sorted((DOCS / "tutorials").glob("*.md"))]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TAGGED = Path("tagging") / "ud-english-ewt"


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """A folder with the example plugins, installed as pip would: modules and their entry points."""
    folder = tmp_path_factory.mktemp("plugins")
    for example in sorted(EXAMPLES.iterdir()):
        module = next(example.glob("seqkit_*.py"))
        shutil.copy(module, folder)
        name = module.stem.replace("_", "-")
        info = folder / f"{module.stem}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        entry = f"[seqkit.plugins]\n{example.name} = {module.stem}:register\n"
        (info / "entry_points.txt").write_text(entry)
    return folder


@pytest.fixture
def reader(tmp_path, plugins):
    """Run a command as a reader would, in a folder with small texts; return what it prints."""
    for name in ("train.en", "train.de", "test.en", "test.de", "story.txt", "topics.tsv"):
        lines = (ROOT / "corpora/demo" / name).read_text(encoding="utf-8").splitlines()[:200]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    other = (ROOT / "corpora/demo/test.en").read_text(encoding="utf-8").splitlines()[:20]
    (tmp_path / "other.txt").write_text("\n".join(other) + "\n", encoding="utf-8")
    shutil.copy(EXAMPLES / "tagger/tagger.toml", tmp_path)
    shutil.copytree(ROOT / "tests/translation/importers/marian", tmp_path / "opus-mt-en-de")

    def run(command):
        done = paste(tmp_path, command, PYTHONPATH=str(plugins))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    run.folder = tmp_path
    return run


def write_tags(folder, limit):
    """Some sentences of the Universal Dependencies' English, where the recipe looks."""
    root = os.environ.get("SEQKIT_CORPORA")
    source = Path(root) / TAGGED if root else None
    if source is None or not source.is_dir():
        pytest.skip(f"needs {TAGGED} in the folder that SEQKIT_CORPORA names")
    from seqkit.data import read_lines

    for name in ("train", "dev", "test"):
        lines = []
        for line in read_lines(source / f"{name}.conllu.gz"):
            lines.append(line)
            if not line and sum(not text for text in lines) == limit:
                break
        (folder / f"{name}.conllu").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = folder / "tagger.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace(".conllu.gz", ".conllu"))


def skip_without(corpus, file):
    """Skip a page whose corpus is not on this machine."""
    from seqkit.recipes import corpora

    if corpora().find(corpus, file) is None:
        pytest.skip(f"needs the corpus {corpus}: `seqkit corpora fetch {corpus}`")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_and_every_python_block_of_a_page_runs_in_order(page, reader):
    if page.stem == "images":
        pytest.importorskip("seqkit_vision")
    if page.stem == "tables":
        pytest.importorskip("seqkit_tabular")
        skip_without("house-prices", "train.csv.gz")
    if page.stem == "add-a-task":
        write_tags(reader.folder, 1500)

    for kind, body in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            reader([sys.executable, "-c", body])
            continue
        for line in body.splitlines():
            if line and not line.startswith("#"):
                reader(["bash", "-c", line])


@pytest.mark.slow
def test_the_tagger_of_the_docs_learns_resumes_evaluates_and_predicts(reader):
    write_tags(reader.folder, 1500)
    train = ["seqkit", "train", "tagger.toml", "--out", "run"]
    reader([*train, "--set", "train.steps=100", "--set", "optim.decay=none"])
    reader([*train, "--set", "train.steps=150", "--set", "optim.decay=none", "--resume"])

    report = reader(["seqkit", "evaluate", "-m", "run", "--json", "test.conllu"])
    assert float(re.search(r'"accuracy": ([0-9.]+)', report)[1]) > 0.75

    tagged = reader(["seqkit", "predict", "-m", "run", "The dog sees a cat ."])
    assert tagged == "The/DET dog/NOUN sees/VERB a/DET cat/NOUN ./PUNCT\n"
    assert "pos-tagging" in reader(["seqkit", "plugins"])


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", DOCS, tmp_path / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html/tutorials/translate.html").exists()
    assert "seqkit lm perplexity" in (tmp_path / "html/reference/commands.html").read_text()


def test_every_page_is_in_a_table_of_contents():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")}
    assert pages - {"index", "reference/commands"} <= set(index.split())
    assert "reference/commands" in index.split()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_files_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:seqkit|tests|plugins|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"literalinclude\} (\S+)", text):
        assert (page.parent / name).exists(), name


# Recipes of pages

TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def recipes_with(page, text):
    """The examples of recipes on a page in which `text` stands."""
    return [block for block in TOML.findall(page.read_text(encoding="utf-8")) if text in block]


def test_the_page_on_data_names_sources_that_a_classifier_trains_on(tmp_path, monkeypatch):
    (block,) = recipes_with(DOCS / "concepts/data.md", "reviews.tsv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    reviews = "".join(f"{'good' if i % 2 else 'bad'}\treview {i}\n" for i in range(40))
    Path("reviews.tsv").write_text(reviews, encoding="utf-8")
    support = "".join(f"message {i},{'good' if i % 2 else 'bad'}\n" for i in range(20))
    Path("support.csv").write_text(f"message,topic\n{support}", encoding="utf-8")
    model = '[text]\ntokenizer = "whitespace"\n[model]\nname = "bag"\n[train]\nsteps = 2\n'
    Path("recipe.toml").write_text(f'task = "text-classification"\n{block}{model}')

    seqkit.train("recipe.toml", out="run", device="cpu")
    task = TextClassification(recipes.load("recipe.toml"))
    notes = "\n".join(task.describe())
    weights = 36**0.5, 3 * 18**0.5  # of what is left after a tenth is cut off for validation
    for name, weight in zip(("reviews.tsv", "support.csv"), weights, strict=True):
        assert re.search(rf"{name}: {round(54 * weight / sum(weights))} texts of an epoch", notes)


def test_the_page_on_data_names_sources_that_a_translator_knows():
    (block,) = recipes_with(DOCS / "concepts/data.md", "languages = ")
    data = build(TranslationData, tomllib.loads(block)["data"], "[data]")
    assert [source.corpus for source in data.sources] == ["tatoeba-deu-eng", "tatoeba-cmn-eng"]
    for source in data.sources:
        assert source.corpus in recipes.corpora().names()
