"""Bulk work on Ray: what is written, what is set aside, how it goes on."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bulk_lines import LINES

import seqkit
from seqkit.bulk.choosing import Selection, select
from seqkit.bulk.job import run
from seqkit.bulk.verbs import Request
from seqkit.errors import ConfigError, DataError
from seqkit.language.selection import select as lm_select

pytestmark = pytest.mark.usefixtures("cluster")


def score(source, output, model, **options):
    """`seqkit bulk score`, in shards of 5 rows."""
    options = {"rows": 5, "workers": 1, **options}
    return list(run(source, output, Request("score", model), **options))


def parts(folder):
    """The content of all parts, and of the rows set aside."""
    names = [path for path in folder.rglob("*") if path.is_file() and "_job" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(names)}


def objects(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def expected(model):
    """The score of each line, by the model itself, one line at a time."""
    return [seqkit.load(model).score(line) for line in LINES]


def test_ray_listens_on_this_machine_only():
    import ray

    assert ray.get_runtime_context().gcs_address.startswith("127.0.0.1:")


def test_lines_of_text_keep_their_order_whatever_their_length(tmp_path, model):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES))
    found = score(tmp_path / "in.txt", tmp_path / "out", model)
    assert [len(progress) for progress in sorted(found, key=lambda p: p.part.part)] == [5, 5, 2]

    shown = "".join(path.read_text() for path in sorted((tmp_path / "out").glob("*.txt")))
    assert shown == "".join(f"{value:.6f}\n" for value in expected(model))
    assert (tmp_path / "out/_SUCCESS").exists()


def test_no_more_workers_are_asked_for_than_the_cluster_can_hold(tmp_path, model):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES))
    score(tmp_path / "in.txt", tmp_path / "out", model, rows=1, workers=50)
    assert (tmp_path / "out/_SUCCESS").exists()


def test_a_shard_of_several_pieces_is_whole(tmp_path, model):
    lines = LINES * 100  # pieces have 500 rows
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in lines))
    score(tmp_path / "in.txt", tmp_path / "out", model, rows=700)
    written = [path.read_text() for path in sorted((tmp_path / "out").glob("*.txt"))]
    assert "".join(written) == "".join(f"{value:.6f}\n" for value in expected(model) * 100)


def test_a_folder_keeps_its_shape_and_json_its_fields(tmp_path, model):
    rows = [{"id": i, "text": {"en": line}, "n": 1.50} for i, line in enumerate(LINES)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "in/2024").mkdir(parents=True)
    (tmp_path / "in/2024/news.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "in/_old").mkdir()
    (tmp_path / "in/_old/left.txt").write_text("out\n")

    score(tmp_path / "in", tmp_path / "out", model, fields=["text.en"])
    found = [row for i in range(3) for row in objects(tmp_path / f"out/2024/news-{i:05}.jsonl")]
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    assert [row["log10_probability"] for row in found] == pytest.approx(expected(model), abs=1e-6)


def test_parquet_keeps_its_columns_and_their_types(tmp_path, model):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table({"text": LINES, "day": pa.array(range(len(LINES)), pa.date32())})
    pq.write_table(table, tmp_path / "in.parquet")
    score(tmp_path / "in.parquet", tmp_path / "out", model)

    found = pq.read_table(tmp_path / "out")  # which leaves out what begins with "_"
    assert found.select(["text", "day"]).equals(table)
    values = found["log10_probability"].to_pylist()
    assert values == pytest.approx(expected(model), abs=1e-6)


def test_rows_that_fail_are_set_aside_with_their_error_and_no_others(tmp_path, model):
    lines = [json.dumps({"text": line}) for line in LINES]
    lines[1] = "{no json"
    lines[3] = json.dumps({"text": None})
    lines[7] = json.dumps({"text": "a line\nbreak"})
    (tmp_path / "in.jsonl").write_text("".join(f"{line}\n" for line in lines))

    found = score(tmp_path / "in.jsonl", tmp_path / "out", model)
    assert sum(progress.part.failed for progress in found) == 3
    aside = objects(tmp_path / "out/_failed/in-00000.jsonl")
    assert [row["row"] for row in aside] == [2, 4]
    assert aside[0]["input"] == "{no json"
    assert "not JSON" in aside[0]["error"]
    assert aside[1]["error"] == "field 'text' is null, not a string"
    (broken,) = objects(tmp_path / "out/_failed/in-00001.jsonl")
    assert "line break" in broken["error"]
    assert [row["text"] for row in objects(tmp_path / "out/in-00001.jsonl")] == [
        *LINES[5:7],
        *LINES[8:10],
    ]


def workers():
    """The processes of our workers."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if name.startswith(b"ray::Worker") and parent(parent(folder.name)) == os.getpid():
            yield int(folder.name)


def parent(process):
    """The process that has started it: of a worker, Ray's; of that, this test."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds processes by /proc")
def test_when_workers_are_killed_nothing_is_lost_and_nothing_there_twice(tmp_path, model):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES * 20))
    score(tmp_path / "in.txt", tmp_path / "whole", model, rows=20)

    notes = []
    work = run(
        tmp_path / "in.txt",
        tmp_path / "out",
        Request("score", model),
        rows=20,
        workers=2,
        note=notes.append,
    )
    next(work)
    for pid in workers():
        os.kill(pid, 9)
    list(work)
    assert "a worker died" in notes[0]
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")


def test_the_same_command_goes_on_after_a_crash_at_any_point(tmp_path, model):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES))
    score(tmp_path / "in.txt", tmp_path / "whole", model)

    out = tmp_path / "out"
    work = run(tmp_path / "in.txt", out, Request("score", model), rows=5, workers=1)
    first = next(work).part.part
    work.close()
    (out / "in-00002.txt").write_text("renamed, but not yet in the manifest\n")
    (out / ".part.in-00001.txt").write_text("half")
    with (out / "_job/manifest.jsonl").open("a") as manifest:
        manifest.write('{"part": "in-0')

    found = score(tmp_path / "in.txt", out, model)
    assert [progress.part.part for progress in found if not progress.is_new] == [first]
    (out / ".part.in-00001.txt").unlink(missing_ok=True)
    assert parts(out) == parts(tmp_path / "whole")

    again = score(tmp_path / "in.txt", out, model)
    assert not any(progress.is_new for progress in again)


def driver(source, output, model):
    """The command as a process of its own, in shards of 5 rows."""
    command = ["score", str(source), str(output), "-m", model, "--workers", "1", "--rows", "5"]
    return subprocess.Popen(
        [sys.executable, "-m", "seqkit", "bulk", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_the_command_goes_on_after_kill_9(tmp_path, model):
    source, out = tmp_path / "in.txt", tmp_path / "out"
    source.write_text("".join(f"{line}\n" for line in LINES * 50))
    score(source, tmp_path / "whole", model)

    process = driver(source, out, model)
    manifest = out / "_job/manifest.jsonl"
    try:
        while not (manifest.exists() and manifest.stat().st_size) and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    assert not (out / "_SUCCESS").exists(), "it was done before it was killed"

    found = score(source, out, model)
    assert any(not progress.is_new for progress in found)
    assert any(progress.is_new for progress in found)
    assert parts(out) == parts(tmp_path / "whole")


def test_a_part_that_was_damaged_since_is_made_anew(tmp_path, model):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES))
    score(tmp_path / "in.txt", tmp_path / "out", model)
    before = parts(tmp_path / "out")
    (tmp_path / "out/in-00001.txt").write_text("")
    found = score(tmp_path / "in.txt", tmp_path / "out", model)
    assert [progress.part.part for progress in found if progress.is_new] == ["in-00001.txt"]
    assert parts(tmp_path / "out") == before


def test_an_output_of_another_command_or_input_is_refused(tmp_path, model):
    source = tmp_path / "in.txt"
    source.write_text("".join(f"{line}\n" for line in LINES))
    score(source, tmp_path / "out", model)

    with pytest.raises(ConfigError, match=r"rows was 5 and is now 6\. Repeat that command"):
        score(source, tmp_path / "out", model, rows=6)
    source.write_text("".join(f"{line}\n" for line in ["changed", *LINES[1:]]))
    with pytest.raises(DataError, match=r"in-00000\.txt was made of other rows"):
        score(source, tmp_path / "out", model)
    source.write_text("".join(f"{line}\n" for line in LINES[:5]))
    with pytest.raises(DataError, match=r"in-0000[12]\.txt was made of rows that INPUT does not"):
        score(source, tmp_path / "out", model)
    assert not (tmp_path / "out/_SUCCESS").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="is not of seqkit bulk: name another OUTPUT"):
        score(source, tmp_path / "mine", model)


@pytest.mark.slow
def test_translations_are_those_of_one_process(tmp_path, run_folder):
    lines = ["a b c", "", "d e f g h", "b", "c a"] * 3
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in lines))
    request = Request("translate", run_folder, {"beam": 2})
    list(run(tmp_path / "in.txt", tmp_path / "out", request, as_json=True, workers=2, rows=8))

    found = [*objects(tmp_path / "out/in-00000.jsonl"), *objects(tmp_path / "out/in-00001.jsonl")]
    assert [row["text"] for row in found] == lines
    assert [row["row"] for row in found] == list(range(1, 16))
    alone = seqkit.load(run_folder, device="cpu").translate(lines, beam=2)
    assert [row["translation"] for row in found] == alone


def test_what_is_selected_is_what_one_process_selects(tmp_path):
    general = [*LINES, "", "prices rose by two percent", LINES[0], "shares fell again"] * 2
    domain = ["prices rose again", "shares fell by ten percent", "prices fell", "shares rose"]
    (tmp_path / "domain.txt").write_text("".join(f"{line}\n" for line in domain))
    lines = [*(json.dumps({"text": text}) for text in general), "{no json", '{"text": "a\\nb"}']
    (tmp_path / "in.jsonl").write_text("".join(f"{line}\n" for line in lines))

    selection = Selection(tmp_path / "domain.txt", top=3)
    *_, chosen = select(tmp_path / "in.jsonl", tmp_path / "out", selection, rows=10, workers=1)
    alone = list(lm_select(general, domain, top=3))
    found = [row for path in sorted((tmp_path / "out").glob("*.jsonl")) for row in objects(path)]
    assert [row["text"] for row in found] == [line.text for line in alone]
    assert [row["score"] for row in found] == pytest.approx([line.score for line in alone])
    assert (chosen.rows, chosen.candidates, chosen.chosen) == (34, 14, 3)

    (aside,) = (tmp_path / "out/_failed").rglob("*.jsonl")
    assert aside.name == "in-00003.jsonl"
    failed = [(row["row"], row["input"]) for row in objects(aside)]
    assert failed == [(33, "{no json"), (34, {"text": "a\nb"})]
