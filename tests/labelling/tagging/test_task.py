"""The task "tagging": what is read, noted and batched."""

import pytest
import torch
from tagged_sentences import write_columns, write_config, write_segmented

from seqkit import recipes
from seqkit.errors import ConfigError, DataError
from seqkit.labelling.tagging.encoding import Encoder, Tokens
from seqkit.labelling.tagging.learned import pieces
from seqkit.labelling.tagging.reading import Sentence
from seqkit.labelling.tagging.task import Tagging
from seqkit.runs.build import make_model
from seqkit.testing import check_model, check_task
from seqkit.training.processes import Processes
from seqkit.training.validation import validation_totals


@pytest.fixture
def make(tmp_path):
    """Make a task of the text of its files and of settings."""

    def made(train=None, valid=None, **overrides):
        files = {}
        for name, text in (("train", train), ("valid", valid)):
            path = tmp_path / f"{name}.conll"
            write_columns(path, 20)
            if text is not None:
                path.write_text(text, encoding="utf-8")
            files[name] = path
        config = write_config(tmp_path / "c.toml", **files)
        return Tagging(recipes.load(config, overrides))

    return made


def test_the_task_conforms(tmp_path):
    valid = write_columns(tmp_path / "valid.conll", 8)
    config = write_config(
        tmp_path / "c.toml", train=write_columns(tmp_path / "t.conll", 30), valid=valid, steps=4
    )
    check_task(config, {"train.eval_every": 2}, test_files=[valid])


@pytest.mark.parametrize("name", ["rnn-tagger", "transformer-tagger"])
@pytest.mark.parametrize("spelling", ["cnn", "lstm", "none"])
@pytest.mark.parametrize("crf", [True, False])
def test_every_model_conforms_with_every_option(make, name, spelling, crf):
    task = make(
        **{"data.features": ["affixes", "shape", "bigrams", "trigrams"], "data.scheme": "bioes"}
    )
    settings = {"preset": "small", "dropout": 0.0, "spelling": spelling, "crf": crf}
    check_model(name, task, sizes=settings)


@pytest.mark.parametrize("name", ["rnn-tagger", "transformer-tagger"])
def test_nothing_depends_on_the_padding_of_a_batch(make, name):
    """Of sentences or of words: each sentence alone gives what it gives among longer ones."""
    task = make()
    torch.manual_seed(1)
    sizes = recipes.plain_model({"name": name, "preset": "small"}, "test")
    model = make_model(sizes, task.dims(), "tagging").eval()
    texts = [["a"], ["the", "extraordinarily", "old", "dog"], ["x", "the"]]
    together = model(task.encoder.encode(texts))
    for row, words in enumerate(texts):
        alone = model(task.encoder.encode([words]))
        assert torch.allclose(alone[0], together[row, : len(words)], atol=1e-5)


def test_spans_decide_which_checkpoint_is_best_and_plain_tags_accuracy(make):
    assert make().goal.metric == "f1"
    assert make(**{"data.tag": 2}).goal.metric == "accuracy"


def test_broken_sequences_are_counted_mended_and_said(make):
    task = make("a I-NP\nb I-NP\nc O\n\n" * 12)
    assert "12 sentences have tags that are not bio" in task.describe()[0]
    batch = next(iter(task.train_batches(0, start=0, rank=0, world=1)))
    assert task.tags.decode(batch.tags[0].tolist()) == ["B-NP", "I-NP", "O"]


def test_bigrams_and_trigrams_show_the_neighbours(make):
    """Of "a b", by hand; a line break stands for the edge, and for the word that is left out."""
    data = make(**{"data.features": ["bigrams", "trigrams"]}).data
    encoder = Encoder.build([["a", "b"]] * 2, data)
    assert encoder.features.decode(encoder.feature_ids(["a", "b"])) == [
        *("\n a", "a b", "\n a b", "\n \n b"),
        *("a b", "b \n", "a b \n", "a \n \n"),
    ]


def test_long_sentences_are_cut_apart_and_said(make):
    words = "".join(f"w{i} {'B' if i == 0 else 'I'}-NP\n" for i in range(40))
    task = make(words + "\n" + "x O\n\n" * 3, **{"data.longest": 16})
    assert "1 training sentences of more than 16 words (data.longest) are cut apart" in str(
        task.describe()
    )
    assert sorted(task.train.lengths.tolist()) == [1, 1, 1, 8, 16, 16]


def test_tags_of_one_part_alone_are_named(make):
    task = make("a X\nb Y\n\n" * 10, "a X\nb Z\n")
    notes = "\n".join(task.describe())
    assert "tags that only validation has, and that cannot be learned: Z" in notes
    task = make("a X\nb Y\n\n" * 10 + "c W\n", "a X\n")
    notes = "\n".join(task.describe())
    assert "tags seen once in training: W" in notes
    assert "tags that validation does not have: W, Y" in notes


def test_tags_without_a_value_are_counted_and_said(make):
    notes = "\n".join(make("a X\nb _\n\n" * 10).describe())
    assert "10 words have the tag _, which in CoNLL-U stands for no value" in notes
    assert "no value" not in "\n".join(make("a X\nb Y\n\n" * 10).describe())


def validated(task):
    """The figures of an untrained model on the validation text."""
    sizes = recipes.plain_model({"name": "rnn-tagger", "preset": "small"}, "test")
    model = make_model(sizes, task.dims(), "tagging").eval()
    with torch.no_grad():
        totals = validation_totals(task, model, torch.device("cpu"), Processes(), whole=True)
    return task.metrics(model, totals)


def test_what_counting_reaches_stands_beside_every_validation(make):
    """By hand: "a" is X, "b" is Y, and the unknown "c" is X, the tag of most words: 3 of 4."""
    task = make("a X\na X\nb Y\n\n" * 10, "a X\nb Y\nc Y\na X\n")
    assert validated(task)["most-frequent-tag"] == 0.75


def test_of_segmented_text_longest_match_stands_beside(tmp_path):
    """By hand: of "ab c", "ab" is known and "c" a single character; of "a bc", "ab" is taken."""
    train = tmp_path / "train.txt"
    train.write_text("ab c\n" * 12, encoding="utf-8")
    valid = tmp_path / "valid.txt"
    valid.write_text("ab c\na bc\n", encoding="utf-8")
    data = 'format = "segmented"\nunit = "characters"'
    task = Tagging(
        recipes.load(write_config(tmp_path / "c.toml", train=train, valid=valid, data=data))
    )
    assert validated(task)["longest-match"] == pytest.approx(0.5)  # 2 right, of 4 and of 4


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        ({"data.train": []}, ConfigError, "no training sentences: set data.train"),
        ({"data.tag": 2, "data.scheme": "bio"}, ConfigError, "spell no spans"),
        ({"data.tag": 9}, DataError, "train.conll:1: 3 columns, so there is no column 9"),
        ({"data.format": "segmented"}, ConfigError, 'set unit = "characters"'),
        ({"data.features": ["affix"]}, ConfigError, "data.features|features"),
        ({"optim.label_smoothing": 0.1}, ConfigError, "label_smoothing is not for taggers"),
        ({"data.valid": [], "data.valid_share": 0.01}, DataError, "too few to cut off"),
    ],
)
def test_impossible_settings_are_told_in_a_line(make, overrides, error, message):
    with pytest.raises(error, match=message):
        make(**overrides)


def test_the_last_share_of_the_sentences_is_held_out(tmp_path):
    path = write_segmented(tmp_path / "t.txt", 50)
    data = 'format = "segmented"\nunit = "characters"\ntest_share = 0.2'
    config = write_config(tmp_path / "c.toml", train=path, valid=path, data=data)
    task = Tagging(recipes.load(config, {"data.valid": [], "data.valid_share": 0.25}))
    assert (len(task.train), len(task.valid)) == (30, 10)


def test_rare_words_are_unknown_now_and_then_and_the_same_on_a_second_look(make):
    task = make(**{"data.unknown": 1e9})
    (batch, *_) = task.train_batches(0, start=0, rank=0, world=1)
    assert set(batch.tokens.words.unique().tolist()) <= {0, 1}

    task = make(**{"data.unknown": 5.0})
    first = [batch.tokens.words for batch in task.train_batches(3, start=0, rank=0, world=1)]
    later = [batch.tokens.words for batch in task.train_batches(3, start=1, rank=0, world=1)]
    assert all(torch.equal(a, b) for a, b in zip(first[1:], later, strict=True))


def test_pretrained_vectors_are_where_training_begins(make, tmp_path):
    vectors = tmp_path / "glove.txt"
    vectors.write_text("dog 1 2 3\nunheard 4 5 6\nCat 7 8 9\n")
    task = make(**{"data.vectors": str(vectors)})
    assert "glove.txt: 1 of 14 words (7.14%) have one" in "\n".join(task.describe())

    section = recipes.plain_model({"name": "rnn-tagger", "embedding": 3}, "test")
    model = make_model(section, task.dims(), "tagging")
    task.prepare(model)
    assert model.word_embedding.weight[task.encoder.words["dog"]].tolist() == [1, 2, 3]

    other = recipes.plain_model({"name": "rnn-tagger", "embedding": 4}, "test")
    with pytest.raises(ConfigError, match=r"set model\.embedding = 3"):
        task.prepare(make_model(other, task.dims(), "tagging"))


def test_a_word_that_looks_like_padding_is_a_word(make):
    task = make("<pad> O\n<unk> O\n<eos> X\n\n" * 12)
    tokens: Tokens = task.encoder.encode([["<pad>", "<unk>", "<eos>"]])
    assert tokens.real.all()


def test_letters_of_full_width_are_those_that_people_type():
    class Data:
        unit = "characters"
        features = ()
        min_freq = 1

    encoder = Encoder.build([list("１９９８年Ａ")], Data)
    assert encoder.word_ids(list("1998年A")) == encoder.word_ids(list("１９９８年Ａ"))
    assert 1 not in encoder.word_ids(list("1998年A"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a O\nb O\n", r"every word has the tag 'O': there is nothing to learn.*data\.tag"),
        ("a B-X\nb I-X\nc Q-X\nd Q-X\n", r"but for 'Q-X', which 2 words have: mend them, or set"),
    ],
)
def test_tags_that_cannot_be_meant_are_refused(make, text, says):
    with pytest.raises(DataError, match=says):
        make(train=text)


def test_bilou_is_learned_as_it_is_or_as_another_scheme_and_written_as_it_was(make):
    text = "a B-X\nb I-X\nc L-X\nd U-Y\ne O\n\n" * 2
    task = make(train=text, valid=text)
    assert (task.tags.scheme, task.tags.written) == ("bilou", "bilou")

    task = make(train=text, valid=text, **{"data.scheme": "bioes"})
    assert (task.tags.scheme, task.tags.written) == ("bioes", "bilou")
    assert not task.notes, "nothing is broken"
    assert {"L-Y", "U-X"} < task.tags.written_names
    assert not {"E-X", "S-X"} & task.tags.written_names


def test_tags_that_miss_a_scheme_are_learned_as_they_are_where_that_is_asked_for(make):
    task = make(train="a B-X\nb I-X\nc Q-X\n", valid="a B-X\n", **{"data.scheme": "plain"})
    assert task.tags.names == ("B-X", "I-X", "Q-X")


def test_a_span_that_is_cut_is_two_spans():
    tags = ["O", "B-X", "I-X", "I-X", "O"]
    parts = [*pieces([Sentence(list("abcde"), tags)], 2, "bio")]
    assert [part.words for part in parts] == [["a", "b"], ["c", "d"], ["e"]]
    assert [part.tags for part in parts] == [["O", "B-X"], ["B-X", "I-X"], ["O"]]
