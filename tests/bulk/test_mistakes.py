"""What is refused, in one line, before anything is written or started."""

import json
import socket
import sys
import threading

import pytest

pytestmark = pytest.mark.usefixtures("has_ray")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("the cat sat here\n")
    return path


def test_without_ray_the_line_says_how_to_install_it(cli, text, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = cli("bulk", "score", str(text), str(text.parent / "out"), "-m", model)
    assert done.complaint() == "seqkit bulk runs on Ray: pip install 'seqkit[bulk]'"


def test_inputs_that_cannot_be_meant(cli, tmp_path, text, model):
    out = tmp_path / "out"

    def complaint(source, *options):
        return cli("bulk", "score", str(source), str(out), "-m", model, *options).complaint()

    assert "No such file" in complaint(tmp_path / "none.txt")
    (tmp_path / "empty").mkdir()
    assert "has no file to read" in complaint(tmp_path / "empty")

    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({"body": "x"}) + "\n")
    assert "no field 'text'; there are: body (name it by --text)" in complaint(folder)
    (folder / "b.txt").write_text("x\n")
    assert "give files of one kind" in complaint(folder)
    (folder / "a.jsonl").rename(folder / "b.log")
    assert "would both be written to b-00000" in complaint(folder)

    (tmp_path / "taken.jsonl").write_text(json.dumps({"text": "x", "oov": 1}) + "\n")
    assert "a field 'oov' already" in complaint(tmp_path / "taken.jsonl")
    assert "a line of a text is one field" in complaint(text, "--target", "b")
    assert not out.exists()


def test_a_model_that_does_not_open_is_said_before_anything_starts(cli, text, tmp_path):
    out = tmp_path / "out"
    done = cli("bulk", "translate", str(text), str(out), "-m", str(tmp_path / "none"))
    assert str(tmp_path / "none") in done.complaint()
    done = cli("bulk", "translate", str(text), str(out), "--set", "beem=2")
    assert "Did you mean 'beam'?" in done.complaint()
    assert not out.exists()


def test_an_address_that_does_not_answer_is_said_at_once(cli, text, tmp_path, model):
    address = ("--address", "127.0.0.1:9")  # where nothing listens
    done = cli("bulk", "score", str(text), str(tmp_path / "out"), "-m", model, *address)
    assert "--address 127.0.0.1:9 does not answer: " in done.complaint()
    done = cli("bulk", "score", str(text), str(tmp_path / "out"), "-m", model, "--address", "ray")
    assert "give HOST:PORT" in done.complaint()


def test_an_address_that_accepts_and_says_nothing_is_given_up(
    cli, text, tmp_path, model, monkeypatch
):
    monkeypatch.setattr("seqkit.bulk.cluster._SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        output = str(tmp_path / "out")
        done = cli("bulk", "score", str(text), output, "-m", model, "--address", address)
    assert f"--address {address} does not answer within " in done.complaint()


def test_an_address_of_another_service_is_told():
    from seqkit.bulk.cluster import connected
    from seqkit.errors import ConfigError

    def answer(server):
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=[server])
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(ConfigError, match="is of something else than Ray"),
            connected(address, 1),
        ):
            pass
        thread.join()


def test_a_full_disk_ends_the_command_with_one_line_and_leaves_what_is_done(
    tmp_path, text, model, monkeypatch
):
    from seqkit.bulk.output import Output, owned
    from seqkit.errors import DataError

    def full(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    with owned(out, {"verb": "score"}, []) as output:
        output.commit("a-00000.txt", "digest", lambda path: path.write_text("a\n"), 1, [])
        with pytest.raises(DataError, match="No space left on device; the same command goes on"):
            output.commit("a-00001.txt", "digest", full, 1, [])
    assert sorted(path.name for path in out.iterdir()) == ["_job", "a-00000.txt"]

    assert isinstance(output, Output)
    assert list(output.parts) == ["a-00000.txt"]
