"""Damage to files: blind, or by what the file is.

Every mutation takes bytes and a `random.Random`, and returns bytes; the same seed does the same.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from copy import deepcopy

CUT = (0, 1, 3, 4, 7, 8, 9, 12, 40)
WORDS = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
    b"\r",
    b"\v",
    b"\x1c",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",  # half a surrogate, as UTF-8 does not write it
    b"\\ud800",
    b"\t\t",
    b'"',
    b"nan",
    b"-inf",
    b"1e999",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"9" * 5000,
    b"[" * 3000,
    b"{" * 3000,
    b'{"a":' * 3000,
    b"[[a]]\n",
    b"a.b.c = 1\n",
    b"../../etc/passwd",
    b"\xd9\xa3",  # a digit, but not an ASCII one
    b"\xc2\xb2",
]
VALUES = [
    None,
    True,
    0,
    -1,
    1,
    3,
    2**31,
    2**63,
    2**64,
    10**400,
    -(2**63),
    0.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "a",
    "\ud800",
    "\0",
    "../elsewhere",
    "x" * 3000,
    "1",
    [],
    {},
    [[]],
    [1, "a", None],
    ["a", "a"],
    {"a": 1},
    {"__class__": "x"},
]


# Blind


def blind(data, draw):
    """One to four small changes that know nothing of the file."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = draw.choice(_BLIND)(data, draw)
    return data


def _flip(data, draw):
    if not data:
        return b"\x80"
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _overwrite(data, draw):
    at = draw.randint(0, len(data))
    word = draw.choice(WORDS)
    return data[:at] + word + data[at + len(word) :]


def _insert(data, draw):
    at = draw.randint(0, len(data))
    return data[:at] + draw.choice(WORDS) + data[at:]


def _noise(data, draw):
    at = draw.randint(0, len(data))
    return data[:at] + draw.randbytes(draw.choice((1, 4, 40))) + data[at:]


def _truncate(data, draw):
    if draw.random() < 0.2:
        return data[: draw.choice(CUT)]
    return data[: draw.randint(0, len(data))]


def _remove(data, draw):
    start, end = sorted((draw.randint(0, len(data)), draw.randint(0, len(data))))
    return data[:start] + data[min(end, start + draw.choice((1, 4, 100))) :]


def _repeat(data, draw):
    start = draw.randint(0, len(data))
    part = data[start : start + draw.choice((1, 10, 200))]
    return data[:start] + part * draw.choice((2, 3, 50)) + data[start:]


def _swap(data, draw):
    """Exchange two chunks."""
    a, b, c, d = sorted(draw.randint(0, len(data)) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _number(data, draw):
    """A 32-bit number somewhere becomes another: sizes, counts, offsets."""
    at = draw.randint(0, max(0, len(data) - 4))
    value = draw.choice((0, 1, 2**7, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1))
    order = draw.choice("<>")
    return data[:at] + struct.pack(f"{order}I", value) + data[at + 4 :]


_BLIND = (_flip, _flip, _overwrite, _insert, _noise, _truncate, _remove, _repeat, _swap, _number)


# Texts


def lines(data, draw):
    """Whole lines are swapped, dropped, repeated, or one of their fields is another one."""
    parts = data.split(b"\n")
    at = draw.randrange(len(parts))
    match draw.randrange(6):
        case 0:
            other = draw.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        case 1:
            del parts[at]
        case 2:
            parts.insert(at, draw.choice(parts))
        case 3:
            parts.insert(at, draw.choice(WORDS))
        case 4:
            return (b"\xef\xbb\xbf" if draw.random() < 0.3 else b"") + data.replace(b"\n", b"\r\n")
        case _:
            parts[at] = _another_field(parts[at], draw)
    return b"\n".join(parts)


def _another_field(line, draw):
    between = draw.choice((b"\t", b" ", b"=", b","))
    fields = line.split(between)
    at = draw.randrange(len(fields))
    if draw.random() < 0.3:
        fields.insert(at, fields[draw.randrange(len(fields))])
    else:
        fields[at] = draw.choice(WORDS)
    return between.join(fields)


def toml(data, draw):
    """A value of a TOML file is another one, or a line is damaged."""
    parts = data.split(b"\n")
    settings = [i for i, line in enumerate(parts) if b"=" in line]
    if not settings or draw.random() < 0.3:
        return lines(data, draw)
    at = draw.choice(settings)
    key = parts[at].partition(b"=")[0]
    value = json.dumps(draw.choice(VALUES)).encode()
    parts[at] = key + b"= " + value.replace(b":", b"=")
    return b"\n".join(parts)


# JSON


def as_json(data, draw):
    """A value inside is another one, missing, or somewhere else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return blind(data, draw)
    for _ in range(draw.choice((1, 1, 2))):
        value = _change_inside(value, draw)
    try:
        return json.dumps(value).encode()
    except (RecursionError, ValueError):  # brackets inside brackets, or a value inside itself
        return blind(data, draw)


def json_lines(data, draw):
    parts = data.split(b"\n")
    at = draw.randrange(len(parts))
    parts[at] = as_json(parts[at], draw)
    return b"\n".join(parts)


def _change_inside(value, draw):
    """Go down by chance, and change what is there."""
    if not isinstance(value, dict | list) or not value or draw.random() < 0.05:
        return deepcopy(draw.choice(VALUES))

    key = draw.choice(sorted(value)) if isinstance(value, dict) else draw.randrange(len(value))
    chance = draw.random()
    if chance < 0.1:
        del value[key]
    elif chance < 0.15 and isinstance(value, dict):
        value[draw.choice(("new", "", "a.b", str(key) * 2))] = value[key]
    elif isinstance(value[key], dict | list):
        value[key] = _change_inside(value[key], draw)
    else:
        value[key] = _near(value[key], draw)
    return value


def _near(value, draw):
    """Another value of the same type half of the time: it comes further."""
    if isinstance(value, int) and draw.random() < 0.5:
        return draw.choice((value + 1, value - 1, -value, value * 2, value * 1000, 0, 1))
    if isinstance(value, str) and draw.random() < 0.3:
        return value + draw.choice(("x", "\0", "\ud800", " "))
    return deepcopy(draw.choice(VALUES))


# Binary files


def safetensors(data, draw):
    """The JSON header, with a length that fits it; or the numbers behind it."""
    length = int.from_bytes(data[:8], "little")
    if length > len(data) or draw.random() < 0.2:
        return blind(data, draw)
    header, numbers = data[8 : 8 + length], data[8 + length :]
    if draw.random() < 0.2:
        kind = draw.choice((b"F32", b"I64", b"F64", b"BF16", b"U8", b"BOOL", b"F16", b"I8"))
        header = header.replace(draw.choice((b"F32", b"I64", b"U8")), kind)
    elif draw.random() < 0.25:
        at = draw.randint(0, max(0, len(numbers) - 4))
        special = draw.choice((float("nan"), float("inf"), 1e38, -1.0))
        numbers = numbers[:at] + struct.pack("<f", special) + numbers[at + 4 :]
    else:
        header = as_json(header, draw)
    return len(header).to_bytes(8, "little") + header + numbers


def packed(mutation):
    """The same mutation of what a gzip file holds."""

    def mutate(data, draw):
        if draw.random() < 0.3:
            return blind(data, draw)
        try:
            return gzip.compress(mutation(gzip.decompress(data), draw), mtime=0)
        except (OSError, EOFError, zlib.error):
            return blind(data, draw)

    return mutate


def png(data, draw):
    """A chunk is changed, and its checksum fits again."""
    chunks = []
    at = 8
    while at + 12 <= len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    if not chunks or draw.random() < 0.2:
        return blind(data, draw)

    index = draw.randrange(len(chunks))
    name, content = chunks[index]
    match draw.randrange(4):
        case 0:
            del chunks[index]
        case 1:
            chunks.insert(index, draw.choice(chunks))
        case _:
            chunks[index] = name, blind(content, draw)
    sealed = [
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    ]
    return data[:8] + b"".join(sealed)


def archive(data, draw):
    """A member of a zip archive is changed, and its checksum fits again."""
    if draw.random() < 0.2:
        return blind(data, draw)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            members = {info.filename: opened.read(info) for info in opened.infolist()}
    except Exception:
        return blind(data, draw)

    pickles = [name for name in members if name.endswith(".pkl")]
    name = draw.choice(pickles) if pickles and draw.random() < 0.7 else draw.choice(list(members))
    members[name] = blind(members[name], draw)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        for member, content in members.items():
            opened.writestr(zipfile.ZipInfo(member), content)
    return written.getvalue()


def by_name(name):
    """The mutations that fit a file of this name."""
    for endings, mutation in _BY_NAME:
        if name.endswith(endings):
            return mutation
    return lines


_BY_NAME = (
    ((".safetensors", ".bin"), safetensors),
    ((".arpa.gz", ".txt.gz"), packed(lines)),
    ((".gz",), packed(blind)),
    ((".jsonl",), json_lines),
    ((".json",), as_json),
    ((".toml",), toml),
    ((".png",), png),
    ((".pth",), archive),
    ((".jpg", ".gif", ".bmp", ".webp", ".tif", ".ppm", ".model"), blind),
)
