import pytest

from seqkit.native import build, library


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """The library, made of the sources as they are."""
    path = build.build(tmp_path_factory.mktemp("library"))
    if path is None:
        pytest.skip("there is no C compiler")
    opened = library.open_at(path)
    assert not isinstance(opened, str), opened
    return opened


@pytest.fixture
def used(compiled, monkeypatch):
    """The library is what everything uses."""
    monkeypatch.delenv(library.ENVIRONMENT, raising=False)
    monkeypatch.setattr(library, "_opened", lambda: compiled)
