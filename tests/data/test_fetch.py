import gzip
import hashlib
import http.server
import io
import socket
import threading
import zipfile

import pytest

from seqkit.data import corpora, fetch
from seqkit.data.corpora import ENVIRONMENT
from seqkit.errors import DataError

TEXT = "".join(f"line {i * i}\n" for i in range(20_000)).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Site:
    """What a small web site has, what it was asked for, and how badly it behaves."""

    def __init__(self):
        self.files = {}
        self.asked = []  # (path, Range header)
        self.breaks_after = None  # bytes, then the connection ends
        self.knows_ranges = True
        self.address = ""


@pytest.fixture
def site():
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            begin = self.headers["Range"]
            site.asked.append((self.path, begin))
            data = site.files.get(self.path)
            if data is None:
                return self.send_error(404)
            start = (
                int(begin.removeprefix("bytes=").removesuffix("-"))
                if begin and site.knows_ranges
                else 0
            )
            if start >= len(data):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            end = start + site.breaks_after if site.breaks_after else None
            return self.wfile.write(data[start:end])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """`corpus({file: {key: value}})` makes a card of these files for a corpus `mine`; answers its cache folder."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(corpora, "root", lambda: tmp_path / "cards")

    def make(files):
        lines = ['title = "Mine"', 'source = "the author\'s page"', 'licence = "free"']
        for file, about in files.items():
            lines += [f'[files."{file}"]', *(f'{key} = "{value}"' for key, value in about.items())]
        (tmp_path / "cards" / "mine").mkdir(parents=True)
        (tmp_path / "cards" / "mine" / "card.toml").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path / "cache" / "seqkit" / "mine"

    return make


def zipped(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def files_under(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# Downloads


def test_a_file_is_downloaded_checked_and_found_again_without_a_second_download(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    assert fetch("mine") == {"a.txt": folder / "a.txt"}
    assert (folder / "a.txt").read_bytes() == TEXT
    assert files_under(folder) == {"a.txt"}
    assert corpora.locate("mine", ["a.txt"]) == [folder / "a.txt"]
    assert fetch("mine") == {"a.txt": folder / "a.txt"}
    assert site.asked == [("/a.txt", None)]


def test_progress_is_reported_up_to_the_whole(site, corpus):
    site.files["/a.txt"] = TEXT * 20
    corpus({"a.txt": {"sha256": sha256(TEXT * 20), "address": f"{site.address}/a.txt"}})
    seen = []
    fetch("mine", report=lambda *args: seen.append(args))
    assert [file for file, _, _ in seen] == ["a.txt"] * len(seen)
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert seen[-1] == ("a.txt", len(TEXT) * 20, len(TEXT) * 20)


def test_a_wrong_file_is_refused_and_not_kept(site, corpus):
    site.files["/a.txt"] = b"<html>Please log in</html>"
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    message = rf"/a\.txt is not the file that the card describes: sha256 \w{{16}}…, expected {sha256(TEXT)[:16]}…"
    with pytest.raises(DataError, match=message):
        fetch("mine")
    assert files_under(folder) == set()
    site.files["/a.txt"] = TEXT
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_a_damaged_file_in_the_cache_is_fetched_anew(site, corpus):
    packed = gzip.compress(TEXT)
    site.files["/a.gz"] = packed
    folder = corpus({
        "a.gz": {"sha256": sha256(packed), "text_sha256": sha256(TEXT), "address": f"{site.address}/a.gz"}
    })  # fmt: skip
    folder.mkdir(parents=True)
    for damaged in (b"", b"junk", packed[:99], packed[:50] + bytes(200) + packed[250:]):
        (folder / "a.gz").write_bytes(damaged)
        assert fetch("mine")["a.gz"].read_bytes() == packed


def test_a_broken_download_goes_on_where_it_stopped(site, corpus):
    site.files["/a.txt"] = TEXT
    site.breaks_after = 100_000
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    for _ in range(2):
        with pytest.raises(DataError, match=r"/a\.txt: .*run it again to go on") as error:
            fetch("mine")
        assert "\n" not in str(error.value)
    assert not (folder / "a.txt").exists()
    site.breaks_after = None
    assert fetch("mine")["a.txt"].read_bytes() == TEXT
    assert site.asked == [("/a.txt", begin) for begin in (None, "bytes=100000-", "bytes=200000-")]
    assert files_under(folder) == {"a.txt"}


def test_a_server_that_knows_no_ranges_starts_again(site, corpus):
    site.files["/a.txt"] = TEXT
    site.breaks_after = 100_000
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    with pytest.raises(DataError, match="run it again to go on"):
        fetch("mine")
    site.breaks_after, site.knows_ranges = None, False
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_a_download_that_was_whole_already_is_only_checked(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    folder.mkdir(parents=True)
    (folder / "a.txt.part").write_bytes(TEXT)
    assert fetch("mine")["a.txt"].read_bytes() == TEXT
    assert files_under(folder) == {"a.txt"}


def test_a_part_of_something_else_does_not_get_stuck(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    folder.mkdir(parents=True)
    (folder / "a.txt.part").write_bytes(b"something else")
    with pytest.raises(DataError, match="is not the file that the card describes"):
        fetch("mine")
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_plain_text_at_the_address_is_packed_and_other_packing_is_accepted(site, corpus):
    about = {"sha256": "0" * 64, "text_sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}
    folder = corpus({"a.txt.gz": about})
    for served in (TEXT, gzip.compress(TEXT, 1)):
        site.files["/a.txt"] = served
        assert gzip.decompress(fetch("mine")["a.txt.gz"].read_bytes()) == TEXT
        (folder / "a.txt.gz").unlink()


# What cannot be fetched


def one_line(error):
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_an_address_that_nobody_answers_is_one_line(corpus):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    corpus({"a.txt": {"sha256": "0" * 64, "address": f"http://127.0.0.1:{port}/a.txt"}})
    with pytest.raises(
        DataError, match=rf"cannot fetch http://127\.0\.0\.1:{port}/a\.txt: .*refused.*use --from"
    ) as e:
        fetch("mine")
    one_line(e)


def test_a_file_that_the_server_does_not_have_is_one_line(site, corpus):
    corpus({"a.txt": {"sha256": "0" * 64, "address": f"{site.address}/gone.txt"}})
    with pytest.raises(DataError, match=r"cannot fetch http.*/gone\.txt: 404 Not Found$") as e:
        fetch("mine")
    one_line(e)


def test_a_file_without_an_address_is_told_where_it_comes_from(corpus):
    corpus({"a.txt": {"sha256": "0" * 64}})
    with pytest.raises(
        DataError, match=r"no public address for a\.txt; give .* with --from.*\(the author's page\)"
    ):
        fetch("mine")


@pytest.mark.parametrize("scheme", ["file://", "ftp://127.0.0.1"])
def test_only_http_is_fetched(tmp_path, corpus, scheme):
    (tmp_path / "secret").write_bytes(TEXT)
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{scheme}{tmp_path}/secret"}})
    with pytest.raises(DataError, match="only http and https addresses are fetched"):
        fetch("mine")


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, site, corpus):
    site.files["/a.txt"] = TEXT
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    (tmp_path / "cache").write_text("a file where the cache folder should be")
    with pytest.raises(
        DataError, match=r"cannot write .*cache/seqkit/mine/a\.txt: Not a directory$"
    ) as e:
        fetch("mine")
    one_line(e)


# Archives


def test_one_member_of_a_zip_is_taken_under_its_own_name(site, corpus):
    archive = zipped({"deep/in/it.txt": TEXT, "deep/other.txt": b"other"})
    site.files["/it.zip"] = archive
    about = {
        "address": f"{site.address}/it.zip",
        "member": "deep/in/it.txt",
        "download_sha256": sha256(archive),
    }
    folder = corpus({"it.txt": about})
    assert fetch("mine") == {"it.txt": folder / "it.txt"}
    assert (folder / "it.txt").read_bytes() == TEXT
    assert files_under(folder) == {"it.txt"}


@pytest.mark.parametrize("member", ["../../evil.txt", "/evil.txt", "good.txt"])
def test_paths_in_an_archive_lead_nowhere(tmp_path, site, corpus, member):
    archive = zipped(
        {
            "../../evil.txt": TEXT,
            "/evil.txt": TEXT,
            "good.txt": TEXT,
            "../../../cards/mine/card.toml": b"",
        }
    )
    site.files["/it.zip"] = archive
    folder = corpus({
        "it.txt": {"address": f"{site.address}/it.zip", "member": member, "download_sha256": sha256(archive)}
    })  # fmt: skip
    before = files_under(tmp_path)
    card = (tmp_path / "cards" / "mine" / "card.toml").read_bytes()
    assert fetch("mine")["it.txt"].read_bytes() == TEXT
    assert files_under(tmp_path) - before == {str((folder / "it.txt").relative_to(tmp_path))}
    assert (tmp_path / "cards" / "mine" / "card.toml").read_bytes() == card


def test_an_archive_with_a_wrong_checksum_is_not_opened(site, corpus):
    site.files["/it.zip"] = zipped({"it.txt": b"not the text"})
    about = {
        "address": f"{site.address}/it.zip",
        "member": "it.txt",
        "download_sha256": sha256(zipped({"it.txt": TEXT})),
    }
    folder = corpus({"it.txt": about})
    with pytest.raises(DataError, match=r"it\.zip is not the file that the card describes"):
        fetch("mine")
    assert files_under(folder) == set()


@pytest.mark.parametrize("archive", [zipped({"other.txt": TEXT}), TEXT])
def test_an_archive_without_the_member_is_named(site, corpus, archive):
    site.files["/it.zip"] = archive
    corpus({
        "it.txt": {"address": f"{site.address}/it.zip", "member": "it.txt", "download_sha256": sha256(archive)}
    })  # fmt: skip
    with pytest.raises(DataError, match=r"it\.zip is no zip archive with 'it\.txt' in it"):
        fetch("mine")


# What the user has already (--from)


def test_a_file_or_a_folder_that_the_user_has_is_copied_and_left_as_it_is(tmp_path, corpus):
    folder = corpus({"a.txt": {"sha256": sha256(TEXT)}})
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.txt").write_bytes(TEXT)
    for given in (own / "a.txt", own):
        assert fetch("mine", given=given) == {"a.txt": folder / "a.txt"}
        assert (folder / "a.txt").read_bytes() == (own / "a.txt").read_bytes() == TEXT
        (folder / "a.txt").unlink()


def test_a_wrong_file_of_the_user_is_refused_and_left_as_it_is(tmp_path, corpus):
    folder = corpus({"a.txt": {"sha256": sha256(TEXT)}})
    (tmp_path / "a.txt").write_bytes(b"other")
    with pytest.raises(DataError, match=r"/a\.txt is not the file that the card describes"):
        fetch("mine", given=tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"other"
    assert files_under(folder) == set()


@pytest.mark.parametrize("as_folder", [False, True])
def test_the_text_unpacked_is_taken_for_a_packed_file(tmp_path, corpus, as_folder):
    corpus({"a.txt.gz": {"sha256": "0" * 64, "text_sha256": sha256(TEXT)}})
    (tmp_path / "a.txt").write_bytes(TEXT)
    given = tmp_path if as_folder else tmp_path / "a.txt"
    assert gzip.decompress(fetch("mine", given=given)["a.txt.gz"].read_bytes()) == TEXT


@pytest.mark.parametrize("as_folder", [False, True])
def test_the_archive_itself_can_be_given(tmp_path, site, corpus, as_folder):
    archive = zipped({"in/it.txt": TEXT})
    corpus({
        "it.txt": {"address": f"{site.address}/its.zip", "member": "in/it.txt", "download_sha256": sha256(archive)}
    })  # fmt: skip
    (tmp_path / "its.zip").write_bytes(archive)
    assert (
        fetch("mine", given=tmp_path if as_folder else tmp_path / "its.zip")["it.txt"].read_bytes()
        == TEXT
    )
    assert site.asked == []


def test_what_is_missing_in_the_user_s_folder_is_downloaded(tmp_path, site, corpus):
    site.files["/b.txt"] = b"b"
    corpus(
        {
            "a.txt": {"sha256": sha256(TEXT)},
            "b.txt": {"sha256": sha256(b"b"), "address": f"{site.address}/b.txt"},
        }
    )
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.txt").write_bytes(TEXT)
    found = fetch("mine", given=own)
    assert [path.read_bytes() for path in found.values()] == [TEXT, b"b"]


def test_a_file_that_is_not_the_corpus_s_or_not_there_is_named_and_nothing_is_downloaded(
    tmp_path, site, corpus
):
    site.files["/a.txt"] = TEXT
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    (tmp_path / "b.txt").write_bytes(TEXT)
    with pytest.raises(
        DataError, match=r"/b\.txt is no file of corpus 'mine'; its files are a\.txt$"
    ):
        fetch("mine", given=tmp_path / "b.txt")
    with pytest.raises(DataError, match=r"cannot read .*/none: No such file or directory$"):
        fetch("mine", given=tmp_path / "none")
    assert site.asked == []


def test_a_right_file_in_the_given_folder_of_corpora_is_kept_where_it_is(
    tmp_path, site, corpus, monkeypatch
):
    site.files["/a.txt"] = TEXT
    folder = corpus(
        {"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt", "local": "there/a"}}
    )
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_bytes(TEXT)
    assert fetch("mine") == {"a.txt": tmp_path / "there" / "a"}
    (tmp_path / "there" / "a").write_bytes(b"changed")
    assert fetch("mine") == {"a.txt": folder / "a.txt"}
