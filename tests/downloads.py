"""Files to download, and the small web site they are on; shared by the tests of `fetch`."""

import hashlib
import io
import zipfile

TEXT = "".join(f"line {i * i}\n" for i in range(20_000)).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def zipped(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def files_under(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class Site:
    """A small web site: its files, the requests it got, and how badly it behaves."""

    def __init__(self):
        self.files = {}
        self.requests = []  # (path, Range header)
        self.breaks_after = None  # bytes, then the connection ends
        self.knows_ranges = True
        self.address = ""
