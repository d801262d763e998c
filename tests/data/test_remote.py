"""Files at addresses: fetched once, known by what the server says of them, refused in one line."""

import builtins
import gzip
import hashlib
import re
import sys
import threading
import time
from base64 import b64encode
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote

import fsspec
import pytest
from letters import write_config, write_pairs

from seqkit.data import remote
from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.data.corpora import Corpora
from seqkit.data.files import is_address, lasting, read_lines, shown
from seqkit.data.parallel import read_parallel
from seqkit.data.remote import files_at, local_copy
from seqkit.errors import ConfigError, DataError
from seqkit.recipes import load
from seqkit.translation.task import TranslationTask


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Site(SimpleHTTPRequestHandler):
    """A folder by HTTP; `asked` are the methods and paths of all requests."""

    asked: list

    def do_GET(self):
        self.asked.append(("GET", self.path))
        super().do_GET()

    def log_message(self, *_):
        """Silent."""


class Stalling(Site):
    """Sends half of a file, and then nothing for a while."""

    def copyfile(self, source, outputfile):
        outputfile.write(source.read()[:5])
        outputfile.flush()
        time.sleep(2)


class Guarded(Site):
    """Wants the name "me" and the password "secret"."""

    def send_head(self):
        given = b64encode(b"me:secret").decode()
        if self.headers.get("Authorization") != f"Basic {given}":
            self.send_error(401)
            return None
        return super().send_head()


class Cutting(Site):
    """Ends each download before its end."""

    def copyfile(self, source, outputfile):
        outputfile.write(source.read()[:-5])


@pytest.fixture
def site(tmp_path):
    """`site(handler)` serves the folder "site": its address, and what was asked."""
    (tmp_path / "site").mkdir()
    servers = []

    def serve(handler=Site):
        asked = []
        made = type("Handler", (handler,), {"asked": asked})
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(made, directory=str(tmp_path / "site"))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_file_is_fetched_once(tmp_path, site):
    (tmp_path / "site/text.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    address, asked = site()
    first = local_copy(f"{address}/text.gz")
    assert list(read_lines(first)) == ["one", "two"]
    assert local_copy(f"{address}/text.gz") == first
    assert [path for method, path in asked if method == "GET"] == ["/text.gz"]


def test_a_file_that_changed_is_fetched_again(tmp_path, site):
    text = tmp_path / "site/text"
    text.write_text("one\n")
    address, _ = site()
    first = local_copy(f"{address}/text")
    text.write_text("and another\n")
    assert list(read_lines(local_copy(f"{address}/text"))) == ["and another"]
    assert list(read_lines(first)) == ["one"]


def test_a_damaged_copy_is_fetched_again(tmp_path, site):
    (tmp_path / "site/text").write_text("one\n")
    address, _ = site()
    local_copy(f"{address}/text").write_text("two\n")
    assert list(read_lines(local_copy(f"{address}/text"))) == ["one"]


def test_a_download_that_ends_early_is_refused_and_leaves_nothing(tmp_path, site, cache):
    (tmp_path / "site/text").write_text("one\n" * 10)
    address, _ = site(Cutting)
    with pytest.raises(DataError, match=r"^cannot read http://.*/text: .*\w") as refused:
        local_copy(f"{address}/text")
    assert "\n" not in str(refused.value)
    assert Cache(cache).listed() == []


def test_what_cannot_be_reached_is_one_line(site):
    address, _ = site()
    with pytest.raises(DataError, match=r"cannot read http://[\d.:]+/none: 404 .*ot found"):
        local_copy(f"{address}/none")
    with pytest.raises(DataError, match=r"cannot read http://127\.0\.0\.1:9/x: Cannot connect"):
        local_copy("http://127.0.0.1:9/x")
    with pytest.raises(DataError, match="cannot read memory://nothing: there is no such file"):
        local_copy("memory://nothing")


def test_a_folder_is_no_file():
    fsspec.filesystem("memory").pipe("/folder/text", b"one\n")
    with pytest.raises(DataError, match="memory://folder is a folder: name the files in it"):
        local_copy("memory://folder")


def test_a_protocol_that_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match="nonsense://x: Protocol not known: nonsense"):
        local_copy("nonsense://x")


def test_without_fsspec_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name, *others):
        if name.partition(".")[0] == "fsspec":
            raise ImportError(name)
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"needs fsspec: pip install 'seqkit\[remote\]'"):
        local_copy("s3://bucket/text")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("s3://a/b", True), ("https://a", True), ("C:\\a", False), ("c://a", False), ("a/b", False)],
)
def test_an_address_is_told_from_a_path(path, is_one):
    assert is_address(path) == is_one
    assert (lasting(path) == path) == is_one


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://me:secret@example.org/a.gz?signature=abc", "https://…example.org/a.gz?…"),
        ("https://me@home.org:secret@example.org/a", "https://…example.org/a"),
        ("https://example.org/@me/a#token=abc", "https://example.org/@me/a#…"),
        ("a?b#c@d", "a?b#c@d"),
    ],
)
def test_passwords_and_signatures_are_not_shown(address, expected):
    assert shown(address) == expected


@pytest.mark.parametrize("user", ["me:secret", "me@home.org:secret", ":secret"])
def test_no_run_keeps_a_password(user):
    with pytest.raises(ValueError, match=r"^https://…example\.org/a has .*~/\.netrc") as refused:
        lasting(f"https://{user}@example.org/a")
    assert "secret" not in str(refused.value)
    assert lasting("abfs://container@account/a") == "abfs://container@account/a"


def test_the_password_of_a_server_is_read_from_netrc(tmp_path, site, monkeypatch):
    (tmp_path / "site/text").write_text("one\n")
    address, _ = site(Guarded)
    with pytest.raises(DataError, match="401"):
        local_copy(f"{address}/text")

    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fsspec.filesystem("http").clear_instance_cache()
    assert list(read_lines(local_copy(f"{address}/text"))) == ["one"]


def test_a_download_may_take_long_but_not_stall(tmp_path, site, monkeypatch, cache):
    (tmp_path / "site/text").write_text("one\n" * 5)
    address, _ = site(Stalling)
    system, _ = remote._system_of(address)
    assert system.client_kwargs["timeout"].total is None

    monkeypatch.setattr(remote, "_SILENCE", 0.3)
    with pytest.raises(DataError, match=r"/text: the server sent nothing for 0\.3 seconds"):
        local_copy(f"{address}/text")
    assert Cache(cache).listed() == []


def test_a_file_may_have_any_name(tmp_path, site):
    (tmp_path / "site/entry.json").write_text("one\n")
    address, asked = site()
    for _ in range(2):
        assert local_copy(f"{address}/entry.json").read_text() == "one\n"
    assert len([path for method, path in asked if method == "GET"]) == 1
    assert [str(name) for name, _ in files_at(f"{address}/entry.json")] == ["entry.json"]


def test_a_mistake_in_a_copy_names_its_address(tmp_path, site):
    (tmp_path / "site/text.tsv").write_text("one\n")
    address, _ = site()
    copy = local_copy(f"{address}/text.tsv")
    with pytest.raises(DataError, match=f"^{address}/text.tsv:1: expected tab-separated columns"):
        read_parallel([copy])


def test_a_run_trains_on_files_at_addresses(tmp_path, site, monkeypatch):
    """As on the same files here; with the server gone, it says so in a line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site").mkdir(exist_ok=True)
    write_pairs(tmp_path / "site")
    config = write_config(tmp_path / "site/tiny.toml")
    here = TranslationTask(load(config))

    address, _ = site()
    places = {
        f"data.{part}": [f"{address}/{part}.{side}" for side in ("source", "target")]
        for part in ("train", "valid")
    }
    there = TranslationTask(load(config, places))
    assert there.digests() == here.digests()
    assert there.data.train == places["data.train"]
    with pytest.raises(DataError, match=r"cannot read http://.*/missing: 404"):
        TranslationTask(load(config, places | {"data.valid": [f"{address}/missing"] * 2}))


def test_the_command_line_takes_addresses(tmp_path, site, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    config = write_config(tmp_path / "tiny.toml")
    address, _ = site()
    files = [part for side in ("source", "target") for part in ("--data", f"{address}/{side}")]
    said = cli("train", config, *files, "--out", "run").complaint()
    assert said.startswith(f"cannot read {address}/source: 404")


def test_files_without_a_corpus_may_be_addresses():
    fsspec.filesystem("memory").pipe("/data/text", b"one\n")
    (found, plain) = Corpora().locate("", ["memory://data/text", "text"])
    assert found.read_bytes() == b"one\n"
    assert str(plain) == "text"


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as reading takes: what is said of an object, its bytes, and a list of them.

    Of Amazon's API reference: HeadObject, GetObject with a Range, ListObjectsV2.
    """

    objects: ClassVar[dict[str, bytes]] = {}

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        path, _, query = unquote(self.path).lstrip("/").partition("?")
        if "list-type=2" in query:
            return self._send(200, self._listed(parse_qs(query).get("prefix", [""])[0]), body)
        if path not in self.objects:
            return self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", body)

        content = self.objects[path]
        begin, end = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-")).groups()
        part = content[int(begin) : int(end) + 1 if end else None]
        return self._send(206 if "Range" in self.headers else 200, part, body, of=content)

    def _listed(self, prefix):
        keys = [name.partition("/")[2] for name in self.objects]
        found = [key for key in keys if key.startswith(prefix)]
        listed = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(self.objects[f'texts/{key}'])}</Size>"
            f"<ETag>{key}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in found
        )
        head = (
            f"<Name>texts</Name><KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
        )
        return f"<ListBucketResult>{head}{listed}</ListBucketResult>".encode()

    def _send(self, status, content, body, of=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", f'"{hashlib.md5(of).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def bucket(monkeypatch):
    """The objects of s3://texts, by their names with it, on a server of this process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    objects = {}
    handler = type("Handler", (Bucket,), {"objects": objects})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield objects
        server.shutdown()
    fsspec.filesystem("s3").clear_instance_cache()


def test_an_object_of_a_bucket_is_read_once_and_again_when_it_changes(bucket):
    bucket["texts/train.txt"] = b"one\n"
    first = local_copy("s3://texts/train.txt")
    assert local_copy("s3://texts/train.txt") == first

    bucket["texts/train.txt"] = b"two\n"
    assert local_copy("s3://texts/train.txt").read_bytes() == b"two\n"
    assert first.read_bytes() == b"one\n"


def test_an_object_that_is_not_there_is_one_line(bucket):
    with pytest.raises(DataError, match="cannot read s3://texts/none: there is no such file"):
        local_copy("s3://texts/none")


def test_the_objects_below_a_prefix_are_files_with_addresses(bucket):
    bucket |= {"texts/parts/b.txt": b"two\n", "texts/parts/a.txt": b"one\n"}
    found = files_at("s3://texts/parts")
    assert [(str(name), address) for name, address in found] == [
        ("a.txt", "s3://texts/parts/a.txt"),
        ("b.txt", "s3://texts/parts/b.txt"),
    ]
    assert [local_copy(address).read_bytes() for _, address in found] == [b"one\n", b"two\n"]
