"""`seqkit.testing`: every registered name conforms, and what does not is told."""

import dataclasses
from typing import ClassVar

import pytest
import torch
from small_translators import SMALL as TRANSLATORS
from torch import nn

from seqkit import builtin, recipes
from seqkit.config import section, setting
from seqkit.metrics import Score
from seqkit.plugins import components
from seqkit.registry import Entry
from seqkit.services import Asked, Operation, Service, Work
from seqkit.testing import (
    TEXTS,
    check_metric,
    check_model,
    check_plugin,
    check_predictor,
    check_service,
    check_task,
    check_tokenizer,
)

LANGUAGE_MODELS = {
    **{name: {"embedding": 8, "hidden": 8, "layers": 2} for name in ("rnn", "gru", "lstm")},
    "transformer-lm": {"width": 8, "hidden": 12, "heads": 2, "layers": 2},
}
TAGGERS = {
    "rnn-tagger": {"embedding": 8, "hidden": 8, "spelling_width": 8},
    "transformer-tagger": {"width": 8, "hidden": 12, "heads": 2, "layers": 2},
}
CLASSIFIERS = {"bag", "text-cnn", "rnn-classifier", "transformer-classifier"}  # tests/labelling
OURS = sorted(
    {entry.name for entry in components().models if entry.provider == "seqkit"} - CLASSIFIERS
)


@pytest.fixture(scope="module")
def tasks():
    """The tasks of the demo recipes, with their data."""
    made = {}
    for name in ("demo/en-de", "demo/story", "demo/tagger"):
        config = recipes.load(name)
        made[config.task] = components().tasks.load(config.task)(config)
    return made


@pytest.mark.parametrize("name", OURS)
def test_every_model_of_ours_conforms(tasks, name):
    if name in TRANSLATORS:
        task, sizes = "translation", TRANSLATORS[name][0]
    elif name in TAGGERS:
        task, sizes = "tagging", TAGGERS[name]
    else:
        task, sizes = "language-modelling", LANGUAGE_MODELS[name]
    check_model(name, tasks[task], sizes={**sizes, "dropout": 0.0})


def test_a_model_is_checked_on_the_shipped_recipe_of_a_task_given_by_name():
    check_model("gru", "language-modelling", sizes=LANGUAGE_MODELS["gru"])


@pytest.mark.parametrize("recipe", ["demo/en-de", "demo/story", "demo/tagger", "demo/segmenter"])
def test_every_task_of_ours_conforms(recipe):
    short = {"train.steps": 2, "train.eval_every": 2}
    if recipe == "demo/story":
        short["model"] = {"name": "lstm", "embedding": 8, "hidden": 8}
    check_task(recipe, short)


@pytest.mark.parametrize("entry", list(components().tokenizers), ids=lambda entry: entry.name)
def test_every_tokenizer_conforms(entry):
    check_tokenizer(entry.name)


@pytest.mark.parametrize("entry", list(components().metrics), ids=lambda entry: entry.name)
def test_every_metric_conforms(entry):
    check_metric(entry.name)


def test_seqkit_itself_conforms_as_a_plugin():
    check_plugin(builtin.register)


# What is wrong is told. The models below are LSTMs with one thing wrong each.


@section
class Sizes:
    width: int = setting("size of everything", default=6)


class Sound(nn.Module):
    """A language model whose state is lost between windows."""

    Config = Sizes
    presets: ClassVar = {"wide": {"width": 12}}
    carries_state = False

    def __init__(self, config, *, vocab):
        super().__init__()
        self.embedding = nn.Embedding(vocab, config.width)
        self.lstm = nn.LSTM(config.width, config.width, batch_first=True)
        self.output = nn.Parameter(torch.randn(vocab, config.width))
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, ids, state):
        return self.lstm(self.embedding(ids))[0], None


class Unused(Sound):
    def __init__(self, config, *, vocab):
        super().__init__(config, vocab=vocab)
        self.extra = nn.Linear(3, 3)


class Random(Sound):
    def forward(self, ids, state):
        hidden = super().forward(ids, state)[0]
        return nn.functional.dropout(hidden, 0.5, training=True), None


class Mixing(Sound):
    def forward(self, ids, state):
        hidden = super().forward(ids, state)[0]
        return hidden + hidden.mean(0, keepdim=True), None


class Forgetful(Sound):
    def __init__(self, config, *, vocab):
        super().__init__(config, vocab=vocab)
        self.scale = float(torch.rand(()))

    def forward(self, ids, state):
        return super().forward(ids, state)[0] * self.scale, None


class WrongPreset(Sound):
    presets: ClassVar = {"wide": {"breadth": 12}}


class WithoutContract(Sound):
    def __init__(self, config, *, vocab):
        super().__init__(config, vocab=vocab)
        del self.bias


@pytest.fixture
def registered(monkeypatch):
    """`registered(kind, value)` registers an object of this file for one test; gives its name."""

    def register(kind, value):
        name = f"test-{value.__name__}"
        entry = Entry(name, "not:imported", "a test", "for a test")
        monkeypatch.setattr(Entry, "load", _load_of(value, name, Entry.load))
        registry = next(r for r in components().registries() if r.kind == kind)
        monkeypatch.setitem(registry._entries, name, entry)
        return name

    return register


def _load_of(value, name, load):
    return lambda entry: value if entry.name == name else load(entry)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Unused, r"no gradient reaches extra\.weight, extra\.bias"),
        (Random, "evaluation is random"),
        (Mixing, "rows of a batch depend on each other"),
        (Forgetful, "state_dict does not hold everything"),
        (WrongPreset, "preset 'wide': unknown key 'breadth'"),
        (WithoutContract, "it lacks bias"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_a_model_with_something_wrong_is_told_what(tasks, registered, model, says):
    task = tasks["language-modelling"]
    check_model(registered("model", Sound), task)
    with pytest.raises(Exception, match=says):
        check_model(registered("model", model), task)


class Tokens:
    has_own_vocab = False
    unit = "word"

    def split(self, text):
        return text.split(" ")

    def join(self, tokens):
        return " ".join(tokens)

    def save(self, folder):
        """Nothing to save."""

    @classmethod
    def load(cls, folder):
        return cls()


class Lossy(Tokens):
    def split(self, text):
        return text.lower().split(" ")


class Changing(Tokens):
    @classmethod
    def load(cls, folder):
        return Lossy()


class Growing(Tokens):
    def join(self, tokens):
        return " ".join(tokens) + ("!" if "" in tokens else "")


@pytest.mark.parametrize(
    ("tokenizer", "says"),
    [
        (Lossy, "'The old man sees a red house.' comes back as 'the old man"),
        (Changing, "saved and loaded, it splits .* anew"),
        (Growing, "comes back as '!', and that as|comes back as .* and that as"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_a_tokenizer_with_something_wrong_is_told_what(registered, tokenizer, says):
    check_tokenizer(registered("tokenizer", Tokens))
    with pytest.raises(AssertionError, match=says):
        check_tokenizer(registered("tokenizer", tokenizer))


@dataclasses.dataclass
class Length:
    value: float

    def record(self):
        return {"length": self.value}

    def __str__(self):
        return str(self.value)


class Lengths:
    """A predictor that says how long a text is."""

    reads = "lines"

    def predict(self, inputs):
        for text in inputs:
            yield Length(float(len(text)))


class Greedy(Lengths):
    def predict(self, inputs):
        return iter([Length(float(len(text))) for text in inputs])


class Neighbours(Lengths):
    def predict(self, inputs):
        before = 0
        for text in inputs:
            yield Length(float(before + len(text)))
            before = len(text)


class NotJson(Lengths):
    def predict(self, inputs):
        for _ in inputs:
            yield Length(float("nan"))


@pytest.mark.parametrize(
    ("predictor", "says"),
    [
        (Greedy, "it is not lazy"),
        (Neighbours, "among others and alone"),
        (NotJson, "plain JSON data without NaN"),
    ],
)
def test_a_predictor_with_something_wrong_is_told_what(predictor, says):
    check_predictor(Lengths(), TEXTS)
    with pytest.raises(AssertionError, match=says):
        check_predictor(predictor(), TEXTS)


class Constant:
    name = "test-Constant"
    better = "higher"
    __name__ = "Constant"

    def __call__(self, outputs, references):
        return Score(100.0, "always")


def test_a_metric_that_does_not_tell_right_from_wrong_is_refused(registered):
    with pytest.raises(AssertionError, match=r"right texts score 100.*, wrong 100"):
        check_metric(registered("metric", Constant()))


@pytest.mark.parametrize(
    ("target", "help", "name", "says"),
    [
        ("seqkit.nowhere:x", "h", "new", r"'new' \(seqkit.nowhere:x\) does not load"),
        ("seqkit.errors:nothing", "h", "new", "does not load: .*no attribute 'nothing'"),
        ("seqkit.errors:hint", "", "new", "model 'new' has no help"),
        ("seqkit.errors:hint", "a\nb", "new", "more than one line"),
        ("seqkit.errors:hint", "h", "lstm", "model 'lstm' is taken by seqkit"),
    ],
)
def test_a_plugin_with_something_wrong_is_told_what(target, help, name, says):
    with pytest.raises(AssertionError, match=says):
        check_plugin(lambda plugin: plugin.model(name, target, help))


class Texts(Asked):
    inputs: list[str]


class Loose(Texts, extra="ignore"):
    pass


def service_of(request=Texts, name="predict", help="Capitals.", **options):
    """A service that answers with capitals, but for what `options` break."""

    def begin(model, asked, uploads):
        sound = {
            "kind": "k",
            "items": asked.inputs,
            "costs": [1] * len(asked.inputs),
            "compute": lambda texts: [text.upper() for text in texts],
            "answer": list,
        }
        return Work(**{**sound, **options})

    return Service([Operation(name, help, request, begin)])


SAME = [("predict", {"inputs": ["fine"]})]


@pytest.mark.parametrize(
    ("service", "refused", "says"),
    [
        (service_of(name="Say it"), (), "a name is small letters"),
        (service_of(help=""), (), "has no help"),
        (service_of(request=Loose), (), "takes unknown keys"),
        (service_of(costs=[1]), (), "2 items have 1 costs"),
        (service_of(costs=[1, 0]), (), "an item costs 0"),
        (service_of(compute=lambda texts: texts[:1]), (), "2 items gave 1 results"),
        (service_of(compute=lambda texts: [len(texts)] * len(texts)), (), "together and alone"),
        (service_of(answer=set), (), "this is no JSON"),
        (service_of(events=lambda before, found: [object()]), (), "events: this is no JSON"),
        (service_of(), SAME, "does not refuse"),
    ],
)
def test_a_service_with_something_wrong_is_told_what(service, refused, says):
    with pytest.raises(AssertionError, match=says):
        check_service(service, None, {service.operations[0].name: TWO}, refused=refused)


TWO = {"inputs": ["a", "b"]}


def test_a_service_conforms_with_a_request_for_each_of_its_operations():
    check_service(service_of(), None, {"predict": TWO}, refused=[("predict", {"inputs": "a"})])
    with pytest.raises(AssertionError, match="requests are for"):
        check_service(service_of(), None, {})
