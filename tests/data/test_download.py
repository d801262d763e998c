"""Downloads of corpora: checked, resumed, taken out of archives."""

import gzip
import socket

import pytest
from downloads import TEXT, files_under, sha256, zipped

from seqkit.data import fetch
from seqkit.data.corpora import Card, Corpora, File
from seqkit.errors import DataError, UnknownName

# Downloads


def test_a_file_is_downloaded_checked_and_found_again_without_a_second_download(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    assert fetch("mine") == {"a.txt": folder / "a.txt"}
    assert (folder / "a.txt").read_bytes() == TEXT
    assert files_under(folder) == {"a.txt"}
    assert Corpora().locate("mine", ["a.txt"]) == [folder / "a.txt"]
    assert fetch("mine") == {"a.txt": folder / "a.txt"}
    assert site.requests == [("/a.txt", None)]


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
    message = (
        r"/a\.txt is not the file that the card describes: "
        rf"sha256 \w{{16}}…, expected {sha256(TEXT)[:16]}…"
    )
    with pytest.raises(DataError, match=message):
        fetch("mine")
    assert files_under(folder) == set()
    site.files["/a.txt"] = TEXT
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_a_damaged_file_in_the_cache_is_fetched_again(site, corpus):
    packed = gzip.compress(TEXT)
    site.files["/a.gz"] = packed
    about = {
        "sha256": sha256(packed),
        "text_sha256": sha256(TEXT),
        "address": f"{site.address}/a.gz",
    }
    folder = corpus({"a.gz": about})
    folder.mkdir(parents=True)
    for damaged in (b"", b"junk", packed[:99], packed[:50] + bytes(200) + packed[250:]):
        (folder / "a.gz").write_bytes(damaged)
        assert fetch("mine")["a.gz"].read_bytes() == packed


def test_a_broken_download_resumes_where_it_stopped(site, corpus):
    site.files["/a.txt"] = TEXT
    site.breaks_after = 100_000
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    for _ in range(2):
        with pytest.raises(DataError, match=r"/a\.txt: .*run it again to continue") as error:
            fetch("mine")
        assert "\n" not in str(error.value)
    assert not (folder / "a.txt").exists()
    site.breaks_after = None
    assert fetch("mine")["a.txt"].read_bytes() == TEXT
    assert site.requests == [
        ("/a.txt", begin) for begin in (None, "bytes=100000-", "bytes=200000-")
    ]
    assert files_under(folder) == {"a.txt"}


def test_a_download_from_a_server_without_ranges_starts_over(site, corpus):
    site.files["/a.txt"] = TEXT
    site.breaks_after = 100_000
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    with pytest.raises(DataError, match="run it again to continue"):
        fetch("mine")
    site.breaks_after, site.knows_ranges = None, False
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_a_download_that_was_complete_already_is_only_checked(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    folder.mkdir(parents=True)
    (folder / "a.txt.part").write_bytes(TEXT)
    assert fetch("mine")["a.txt"].read_bytes() == TEXT
    assert files_under(folder) == {"a.txt"}


def test_a_partial_download_of_another_file_is_discarded(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    folder.mkdir(parents=True)
    (folder / "a.txt.part").write_bytes(b"something else")
    with pytest.raises(DataError, match="is not the file that the card describes"):
        fetch("mine")
    assert fetch("mine")["a.txt"].read_bytes() == TEXT


def test_plain_text_at_the_address_is_compressed_and_other_compression_is_accepted(site, corpus):
    about = {"sha256": "0" * 64, "text_sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}
    folder = corpus({"a.txt.gz": about})
    for served in (TEXT, gzip.compress(TEXT, 1)):
        site.files["/a.txt"] = served
        assert gzip.decompress(fetch("mine")["a.txt.gz"].read_bytes()) == TEXT
        (folder / "a.txt.gz").unlink()


def test_a_corpus_of_a_plugin_is_fetched_when_the_corpora_that_hold_it_are_given(site, corpus):
    site.files["/a.txt"] = TEXT
    folder = corpus({})
    about = File(sha256=sha256(TEXT), address=f"{site.address}/a.txt")
    theirs = Card(title="T", source="s", licence="l", files={"a.txt": about})
    known = Corpora({"theirs": lambda: theirs})
    assert fetch("theirs", corpora=known) == {"a.txt": folder.parent / "theirs" / "a.txt"}
    with pytest.raises(UnknownName, match="no corpus 'theirs'"):
        fetch("theirs")


# What cannot be fetched


def one_line(error):
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_the_error_for_an_address_that_does_not_answer_is_one_line(corpus):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    corpus({"a.txt": {"sha256": "0" * 64, "address": f"http://127.0.0.1:{port}/a.txt"}})
    with pytest.raises(
        DataError, match=rf"cannot fetch http://127\.0\.0\.1:{port}/a\.txt: .*refused.*use --from"
    ) as e:
        fetch("mine")
    one_line(e)


def test_the_error_for_a_file_that_the_server_does_not_have_is_one_line(site, corpus):
    corpus({"a.txt": {"sha256": "0" * 64, "address": f"{site.address}/gone.txt"}})
    with pytest.raises(DataError, match=r"cannot fetch http.*/gone\.txt: 404 Not Found$") as e:
        fetch("mine")
    one_line(e)


def test_the_error_for_a_file_without_an_address_says_where_it_comes_from(corpus):
    corpus({"a.txt": {"sha256": "0" * 64}})
    with pytest.raises(
        DataError, match=r"no public address for a\.txt; give .* with --from.*\(the author's page\)"
    ):
        fetch("mine")


@pytest.mark.parametrize("scheme", ["file://", "ftp://127.0.0.1"])
def test_only_http_addresses_are_fetched(tmp_path, corpus, scheme):
    (tmp_path / "secret").write_bytes(TEXT)
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{scheme}{tmp_path}/secret"}})
    with pytest.raises(DataError, match="only http and https addresses are fetched"):
        fetch("mine")


def test_the_error_for_a_cache_that_cannot_be_written_is_one_line(tmp_path, site, corpus):
    site.files["/a.txt"] = TEXT
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/seqkit").write_text("a file where the folder of corpora should be")
    with pytest.raises(
        DataError, match=r"cannot write .*cache/seqkit/mine/a\.txt: Not a directory$"
    ) as e:
        fetch("mine")
    one_line(e)


# Archives


def test_one_member_of_a_zip_is_extracted_under_the_name_on_the_card(site, corpus):
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
def test_paths_inside_an_archive_cannot_write_elsewhere(tmp_path, site, corpus, member):
    archive = zipped(
        {
            "../../evil.txt": TEXT,
            "/evil.txt": TEXT,
            "good.txt": TEXT,
            "../../../cards/mine/card.toml": b"",
        }
    )
    site.files["/it.zip"] = archive
    about = {
        "address": f"{site.address}/it.zip",
        "member": member,
        "download_sha256": sha256(archive),
    }
    folder = corpus({"it.txt": about})
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
def test_the_error_for_an_archive_without_the_member_names_it(site, corpus, archive):
    site.files["/it.zip"] = archive
    about = {
        "address": f"{site.address}/it.zip",
        "member": "it.txt",
        "download_sha256": sha256(archive),
    }
    corpus({"it.txt": about})
    with pytest.raises(DataError, match=r"it\.zip is not a zip archive that holds 'it\.txt'"):
        fetch("mine")
