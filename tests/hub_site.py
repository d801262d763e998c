"""A small Hugging Face hub on localhost: what huggingface_hub asks for one model's files."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin", ".spm", ".npz", ".argosmodel")


def digest_of(name, content):
    """sha256 of large files, as of git LFS; the digest of a git object of others."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Hub:
    """One repository, the requests it got, and how badly it behaves."""

    def __init__(self, repository, files):
        self.repository = repository
        self.files = files
        self.digests = {name: digest_of(name, content) for name, content in files.items()}
        self.sizes = {name: len(content) for name, content in files.items()}
        self.requests = []
        self.refuses = None  # (status, X-Error-Code)
        self.breaks_after = None  # bytes of a file, then the connection ends
        self.address = ""

    def listing(self):
        siblings = []
        for name in self.digests:
            each = {"rfilename": name, "size": self.sizes[name], "blobId": "0" * 40}
            if name.endswith(LARGE):
                size = self.sizes[name]
                each["lfs"] = {"sha256": self.digests[name], "size": size, "pointerSize": 130}
            else:
                each["blobId"] = self.digests[name]
            siblings.append(each)
        return {"id": self.repository, "sha": COMMIT, "siblings": siblings}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        hub.requests.append((self.command, path))
        resolved = f"/{hub.repository}/resolve/"
        listed = f"/api/models/{hub.repository}/revision/"

        if hub.refuses is not None:
            status, code = hub.refuses
            self.send(status, b"{}", {"X-Error-Code": code}, with_body)
        elif path in (f"{listed}main", f"{listed}{COMMIT}"):
            body = json.dumps(hub.listing()).encode()
            self.send(200, body, {"Content-Type": "application/json"}, with_body)
        elif path.startswith(listed):
            self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, with_body)
        elif path.startswith(resolved):
            self.send_file(path.removeprefix(resolved).partition("/")[2], with_body)
        else:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)

    def send_file(self, name, with_body):
        hub = self.server.hub
        content = hub.files[name]
        etag = f'"{hub.digests[name]}"'
        headers = {"X-Repo-Commit": COMMIT, "ETag": etag, "X-Linked-Size": str(len(content))}
        if name.endswith(LARGE):
            headers["X-Linked-Etag"] = etag

        if with_body and hub.breaks_after is not None and len(content) > hub.breaks_after:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: hub.breaks_after])
            self.close_connection = True
            return
        self.send(200, content, headers, with_body)

    def send(self, status, body, headers, with_body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class serving:
    """The hub answers at `hub.address` inside."""

    def __init__(self, hub):
        self.hub = hub

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.hub = self.hub
        self.hub.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.hub

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
