"""Training a language model: figures, baselines, exact resume, and what is refused."""

import shutil

import pytest
import torch
from language.tiny import (
    LINES,
    PRECISIONS,
    UNSEEN,
    network,
    read_texts,
    train,
    write_config,
    write_text,
)

import seqkit
from seqkit import ngram, recipes
from seqkit.data.cache import ENVIRONMENT
from seqkit.data.windows import WindowBatch, sequential
from seqkit.errors import ConfigError, DataError, RenamedWarning
from seqkit.language.baseline import Baseline
from seqkit.language.data_config import LanguageData
from seqkit.language.models.contract import NextTokenModel
from seqkit.language.task import LanguageModelling
from seqkit.language.texts import cut_off
from seqkit.training.contract import missing_members


def task_of(folder, model="lstm", **settings):
    return LanguageModelling(recipes.load(write_config(folder, model, **settings)))


def with_spaces(model, lines):
    return [" ".join(model.tokenizer.split(line)) for line in lines]


def test_a_trained_model_beats_an_untrained_one_and_its_vocabulary(trained):
    assert trained.run.metrics["perplexity"] < len(trained.model.tokenizer.vocab) / 2


def test_the_baseline_is_the_n_gram_model_of_the_same_tokens(trained):
    rest, valid = cut_off(LINES, 0.05)
    counted = ngram.train(with_spaces(trained.model, rest), order=5)
    expected = counted.perplexity(with_spaces(trained.model, valid))
    assert trained.run.metrics["5-gram"] == pytest.approx(expected)


def test_the_baseline_is_of_a_lower_order_where_no_line_is_long_enough(folder):
    write_text(folder, ["a b", "b", "a b"] * 40)
    run = train(write_config(folder), folder / "run")
    assert set(run.metrics) == {"perplexity", "2-gram"}


def test_the_baseline_is_counted_when_it_is_first_asked_for(folder, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(folder / "cache"))
    task = task_of(folder)
    counted = Baseline(5, 3.0)
    monkeypatch.setattr("seqkit.language.prepared.measure_baseline", lambda *_: counted)
    assert task.baseline == counted


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("data", ["", "sampled_softmax = 2"])
def test_a_run_killed_between_batches_resumes_with_its_state(folder, data, precision):
    config = write_config(folder, data=data, train="steps = 11\neval_every = 4\naverage = 0.9")
    whole = train(config, folder / "whole", train_precision=precision)
    part = train(config, folder / "part", train_precision=precision, train_steps=7)
    assert part.step == 7

    again = seqkit.train(
        config,
        out=folder / "part",
        overrides={"train.precision": precision},
        device="cpu",
        resume=True,
    )
    assert again.metrics == whole.metrics


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_sampled_loss_learns_the_same_and_is_measured_over_the_whole_vocabulary(
    folder, precision
):
    rare = [f"the cat sees the thing{i} ." for i in range(150)]  # more than a few batches sample
    write_text(folder, LINES * 3 + rare)
    valid = read_texts(LanguageData(train=[str(folder / "text")])).valid

    found = {}
    for words in (0, 20):
        config = write_config(
            folder,
            data=f"order = 'random'\nsampled_softmax = {words}\nbaseline_order = 0",
            train="steps = 150\neval_every = 150",
        )
        out = folder / f"run{words}"
        run = train(config, out, optim_lr=2e-2, train_precision=precision)
        found[words] = run.metrics["perplexity"]
        assert seqkit.load(out).perplexity(valid) == pytest.approx(found[words], rel=1e-4)

    assert found[20] != found[0]
    assert found[20] == pytest.approx(found[0], rel=0.15)


def test_random_windows_train_too_and_carry_nothing(folder):
    config = write_config(folder, data='order = "random"\nbaseline_order = 0')
    assert set(train(config, folder / "run").metrics) == {"perplexity"}


def test_a_fresh_batch_starts_without_the_state_of_the_one_before(folder):
    """At the start of an epoch, where the text begins anew."""
    task = task_of(folder)
    model = network("lstm", task.dims()["vocab"])
    first = next(task.train_batches(0, start=0, rank=0, world=1))
    carried = task.step(model, first, None).carry

    assert first.fresh
    assert task.step(model, first, carried).loss == task.step(model, first, None).loss
    following = WindowBatch(first.inputs, first.targets, fresh=False)
    assert task.step(model, following, carried).loss != task.step(model, first, None).loss


def test_every_epoch_begins_with_a_fresh_batch(folder):
    task = task_of(folder)
    for epoch in range(3):
        batches = task.train_batches(epoch, start=0, rank=0, world=1)
        assert [batch.fresh for batch in batches][:3] == [True, False, False]


def test_gradients_go_no_further_back_than_a_batch(folder):
    task = task_of(folder)
    model = network("lstm", task.dims()["vocab"])
    batch = next(task.train_batches(0, start=0, rank=0, world=1))
    step = task.step(model, batch, None)
    assert step.loss.requires_grad
    assert not any(part.requires_grad for part in step.carry)


def test_processes_train_on_rows_of_the_batch_that_one_process_would_cut(folder):
    task = task_of(folder)
    parts = [task.train_batches(2, start=4, rank=rank, world=2) for rank in (0, 1)]
    whole = sequential(task.train_ids, 8, 6, seed=task.seed, epoch=2, start=2)
    for first, second, both in zip(*parts, whole, strict=True):
        assert torch.equal(torch.cat([first.inputs, second.inputs]), both.inputs)
        assert torch.equal(torch.cat([first.targets, second.targets]), both.targets)


def test_the_loss_is_a_sum_over_targets_with_label_smoothing_in_training_only(folder):
    config = recipes.load(write_config(folder), {"optim.label_smoothing": 0.3})
    task = LanguageModelling(config)
    model = network("lstm", task.dims()["vocab"])
    batch = next(task.train_batches(0, start=0, rank=0, world=1))

    with torch.no_grad():
        hidden, _ = model(batch.inputs, None)
        logits = hidden.flatten(0, 1) @ model.output.t() + model.bias
        logp = logits.log_softmax(-1)
        nll = -logp.gather(-1, batch.targets.flatten()[:, None]).sum()
        smoothed = 0.7 * nll + 0.3 * -logp.mean(-1).sum()

        evaluated = task.step(model.eval(), batch, None)
        trained = task.step(model.train(), batch, None)
    assert float(evaluated.loss) == pytest.approx(float(nll), rel=1e-5)
    assert float(trained.loss) == pytest.approx(float(smoothed), rel=1e-5)
    assert float(trained.sums["nll"]) == pytest.approx(float(nll), rel=1e-5)


def test_the_description_counts_tokens_and_unknown_ones(folder):
    write_text(folder, UNSEEN, "v")
    task = task_of(folder, data=f'valid = ["{folder}/v"]')
    tokens = [sum(len(line.split()) + 1 for line in lines) for lines in (LINES, UNSEEN)]
    assert task.describe() == [
        f"{tokens[0]} training tokens, {tokens[1]} for validation",
        "vocabulary 14 tokens; unknown in the training text: 0.00%, in the validation text: "
        f"{1 / (tokens[1] + 1):.2%}",
    ]


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"data.stride": 9}, "stride = 9 is more than steps = 6"),
        (
            {"optim.label_smoothing": 0.1, "data.sampled_softmax": 5},
            "choose one of optim.label_smoothing",
        ),
        (
            {"text.subword_regularization": 0.1},
            r"text\.subword_regularization is for translation",
        ),
        (
            {"optim.decay": "cosine", "train.steps": 0, "train.epochs": 2},
            "'cosine' needs train.steps",
        ),
    ],
)
def test_settings_that_would_fail_later_are_refused_at_once(folder, overrides, says):
    with pytest.raises(ConfigError, match=says):
        seqkit.train(write_config(folder), out=folder / "run", overrides=overrides)


def test_the_old_name_of_subword_regularization_is_refused_too(folder):
    with (
        pytest.warns(RenamedWarning, match="'sampling' is now called 'subword_regularization'"),
        pytest.raises(ConfigError, match="is for translation"),
    ):
        seqkit.train(write_config(folder), out=folder / "run", overrides={"text.sampling": 0.1})


def test_a_model_of_another_task_is_refused_before_any_data_is_read(folder):
    config = write_config(folder)
    head = config.read_text().split("[model]")[0].replace(f"{folder}/text", f"{folder}/missing")
    config.write_text(f'{head}[model]\nname = "transformer"\n[train]\nsteps = 2\n')
    with pytest.raises(ConfigError) as refused:
        seqkit.train(config, out=folder / "run")
    assert str(refused.value) == (
        "[model] 'transformer' is not a model for the task 'language-modelling': it lacks "
        "carries_state; see seqkit.language.models.contract.NextTokenModel. "
        "Models for this task: gru, lstm, rnn, transformer-lm."
    )
    assert not (folder / "run").exists()


def test_the_contract_names_everything_that_a_model_lacks():
    class Bare(torch.nn.Module):
        def forward(self, ids, state=None):
            return ids, state

    assert missing_members(Bare(), NextTokenModel) == ["carries_state", "output", "bias"]
    assert missing_members(network("lstm", 9), NextTokenModel) == []


@pytest.mark.parametrize(("change", "size"), [("one token less", 13), ("one token more", 15)])
def test_a_vocabulary_that_is_not_the_model_s_is_refused(lstm, tmp_path, change, size):
    run = shutil.copytree(lstm.run.folder, tmp_path / "run")
    for path in run.glob("step-*/tokenizer/vocab.tsv"):
        rows = path.read_text().splitlines(keepends=True)
        changed = [*rows, "new\t1\n"] if change == "one token more" else rows[:-1]
        path.write_text("".join(changed))
    with pytest.raises(DataError, match=rf"vocab.tsv has {size} tokens, the model 14"):
        seqkit.load(run)
