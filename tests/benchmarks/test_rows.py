"""What single rows do beside measuring."""

import random
import subprocess
import sys
from itertools import chain

import pytest

from benchmarks import documents
from benchmarks.core import Clock, Disagreement
from benchmarks.rows import bulk, labels, processes, service
from seqkit.translation.documents.kinds import open_document


def answers(texts, *, is_ours=True):
    translations = {str(place): [text] for place, text in enumerate(texts)}
    return {"translations": translations, "is ours": is_ours}


def test_a_service_says_what_the_command_says_but_for_one_sentence_in_a_hundred():
    ours = answers("a" * 200)
    assert service.same_translations(ours, answers("b" + "a" * 199)) == (
        "199 of 200 translations are the same"
    )
    with pytest.raises(Disagreement, match="197 of 200"):
        service.same_translations(ours, answers("bbb" + "a" * 197))
    with pytest.raises(Disagreement, match="0 of 0"):
        service.same_translations(ours, answers(""))


def test_two_translations_of_one_sentence_are_not_the_same():
    ours = answers("a")
    ours["translations"]["0"].append("b")
    with pytest.raises(Disagreement):
        service.same_translations(ours, answers("a"))


def test_another_program_may_translate_otherwise():
    found = service.same_translations(answers("ab"), answers("cb", is_ours=False))
    assert found == "1 of 2 translations are the same"


def test_models_that_give_as_many_outputs_are_compared():
    assert labels.as_many({"outputs": 2000}, {"outputs": 2000}) == "2,000 outputs each"
    with pytest.raises(Disagreement, match="2 outputs beside 3"):
        labels.as_many({"outputs": 2}, {"outputs": 3})


def test_words_and_their_parts_of_speech_are_read_without_ranges_and_empty_nodes(tmp_path):
    rows = [
        "# text = don't", "1-2\tdon't\t_\t_", "1\tdo\tdo\tAUX", "2\tn't\tnot\tPART",
        "2.1\tgo\tgo\tVERB", "", "1\tYes\tyes\tINTJ", "",
    ]  # fmt: skip
    path = tmp_path / "test.conllu"
    path.write_text("\n".join(rows))
    assert labels._conllu(path) == [(["do", "n't"], ["AUX", "PART"]), (["Yes"], ["INTJ"])]


def test_a_review_with_another_end_of_line_in_it_is_one_review(tmp_path):
    path = tmp_path / "test.txt"
    path.write_text("pos\t1\tgood\x85 and new\nneg\t2\tbad\n", encoding="utf-8")
    assert labels._reviews(path) == [("pos", "good\x85 and new"), ("neg", "bad")]


def test_the_time_of_processes_is_that_of_the_slowest():
    told = [processes.Told(2.0, 1.0, 50, {"loss 1": 3.0}), processes.Told(4.0, 3.0, 50, {})]
    clock = Clock()
    outcome = processes._outcome(told, 100, clock)
    assert (clock.wall, clock.cpu) == (4.0, 4.0)
    assert outcome == (
        100, {"loss 1": 3.0}, "40,000 CPU µs a token; computing 50%, 75% of the time"
    )  # fmt: skip


WAITS = "import time; time.sleep(60)"
STARTS_A_WORKER = f"""
import subprocess, sys
subprocess.Popen(["ray::Worker.answer", "-c", {WAITS!r}], executable=sys.executable)
print("started", flush=True)
{WAITS}
"""


def test_only_workers_of_the_command_are_ended():
    started = [
        subprocess.Popen([sys.executable, "-c", STARTS_A_WORKER], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    workers = []
    try:
        for process in started:
            process.stdout.readline()
        workers = [bulk._workers_of(process.pid) for process in started]
        assert [len(one) for one in workers] == [1, 1]
        assert workers[0] != workers[1]
    finally:
        for process in started:
            process.kill()
            process.communicate()
        for pid in chain.from_iterable(workers):
            subprocess.run(["kill", "-9", str(pid)], check=False)


@pytest.mark.parametrize(("kind", "marked"), [("html", documents.LINKED), ("docx", 0.5)])
def test_a_document_has_as_much_markup_as_is_said(tmp_path, monkeypatch, kind, marked):
    news = [f"sentence {number} has a few words of its own" for number in range(300)]
    monkeypatch.setattr(documents, "_news", lambda: iter(news))
    path = tmp_path / f"a.{kind}"
    path.write_bytes(documents.MAKERS[kind](random.Random(1), 1.0))

    segments = open_document(path).segments
    share = sum(segment.has_markup for segment in segments) / len(segments)
    assert share == pytest.approx(marked, abs=0.12)
    assert "sentence 7 has a few words of its own" in "\n".join(one.text for one in segments)
