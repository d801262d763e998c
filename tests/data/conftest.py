"""A small web site, and a corpus whose files are there."""

import http.server
import threading

import pytest
from downloads import Site

from seqkit.data import corpora
from seqkit.data.corpora import ENVIRONMENT


@pytest.fixture
def site():
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            begin = self.headers["Range"]
            site.requests.append((self.path, begin))
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
    """`corpus({file: {key: value}})` makes a card for a corpus `mine`; returns its cache folder."""
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
