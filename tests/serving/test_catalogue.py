"""Which models are open, and which are closed to make room."""

import asyncio
import gc
import weakref

import pytest
from small_services import SERVICE, Capitals

from seqkit.errors import CheckpointError, ConfigError
from seqkit.serving.catalogue import Catalogue, registered_service
from seqkit.serving.errors import Refused


class Shelf:
    """Models of ten bytes each that are made when they are opened."""

    def __init__(self, names, memory):
        self.opened = []
        self._in_use = 0
        self.catalogue = Catalogue(
            {name: name for name in names},
            self.open,
            service_of=lambda name: ("toy", SERVICE),
            memory=memory,
            memory_in_use=lambda: self._in_use,
        )

    def open(self, name):
        self.opened.append(name)
        self._in_use += 10
        return Capitals()

    @property
    def is_open(self):
        return {name for name, entry in self.catalogue.entries.items() if entry.model}

    async def use(self, name):
        async with self.catalogue.use(self.catalogue.entries[name]) as model:
            return model


def test_what_was_used_longest_ago_is_closed_and_opened_again_when_it_is_asked_for():
    async def main():
        shelf = Shelf("abc", memory=20)
        await shelf.catalogue.open_all()
        assert shelf.opened == ["a", "b", "c"]
        assert shelf.is_open == {"b", "c"}

        await shelf.use("b")
        await shelf.use("a")
        assert shelf.opened == ["a", "b", "c", "a"]
        assert shelf.is_open == {"a", "b"}
        loaded = [record["loaded"] for record in shelf.catalogue.records()]
        assert loaded == [True, True, False]
        shelf.catalogue.close()

    asyncio.run(main())


def test_a_model_in_use_is_not_closed_whatever_memory_there_is():
    async def main():
        shelf = Shelf("ab", memory=5)
        async with shelf.catalogue.use(shelf.catalogue.entries["a"]) as model:
            await shelf.use("b")
            assert shelf.catalogue.entries["a"].model is model
        await shelf.use("b")
        shelf.catalogue.close()

    asyncio.run(main())


def test_many_who_ask_at_once_open_a_model_once():
    async def main():
        shelf = Shelf("a", memory=20)
        found = await asyncio.gather(*(shelf.use("a") for _ in range(20)))
        assert len(set(map(id, found))) == 1
        assert shelf.opened == ["a"]
        shelf.catalogue.close()

    asyncio.run(main())


def test_a_model_that_is_closed_is_forgotten():
    async def main():
        shelf = Shelf("ab", memory=10)
        predictor = weakref.ref((await shelf.use("a")).predictor)
        await shelf.use("b")
        gc.collect()
        assert predictor() is None
        shelf.catalogue.close()

    asyncio.run(main())


def test_a_translator_that_is_closed_is_forgotten_with_what_was_kept_for_it(run):
    import seqkit
    from seqkit.translation.service import Translate, _translate

    translator = seqkit.load(run, device="cpu", engine="torch")
    asked = Translate(text="a b", glossary=[("a", "b")])
    _translate(translator, asked, ())
    forgotten = weakref.ref(translator)
    del translator
    gc.collect()
    assert forgotten() is None


def test_a_model_is_chosen_by_its_name_or_by_what_it_can_do():
    shelf = Shelf("ab", memory=20)
    asyncio.run(shelf.catalogue.open_all())
    choose = shelf.catalogue.choose
    assert choose("", "predict").name == "a"
    assert choose("b", "predict").name == "b"
    with pytest.raises(Refused, match=r"no model '/etc/passwd'\. Known: a, b"):
        choose("/etc/passwd", "predict")
    with pytest.raises(Refused, match="'a' does not translate; it can: predict, generate"):
        choose("a", "translate")
    with pytest.raises(Refused, match="no model here can translate"):
        choose("", "translate")
    assert shelf.opened == ["a", "b"]
    shelf.catalogue.close()


def test_what_a_model_offers_is_known_before_it_is_opened(beginner, tmp_path):
    task, service = registered_service(str(beginner))
    assert task == "translation"
    assert service.operation("translate")
    with pytest.raises(CheckpointError, match="nothing"):
        registered_service(str(tmp_path / "nothing"))


def test_a_task_without_a_service_cannot_be_served(beginner, monkeypatch):
    from seqkit.serving import catalogue

    monkeypatch.setattr(catalogue, "task_of", lambda path: "juggling")
    with pytest.raises(ConfigError, match="'juggling', which cannot be served"):
        registered_service(str(beginner))
