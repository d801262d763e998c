"""The frames of a CTC search by the compiled library: the same hypotheses, on the same tables.

Letters: B hypotheses, K likely tokens of a frame.
"""

from __future__ import annotations

import ctypes

import numpy as np

from ...native.ctc import NEVER_POSSIBLE, Addresses, Search, plain
from ...native.ctc import Trie as NativeTrie
from ...native.library import library
from .alphabet import Alphabet
from .beam import Beam, Hypotheses, Pruning, impossible
from .emissions import Frame
from .spellings import Spellings
from .trie import Trie

_FIRST = 4096  # hypotheses and candidates that there is room for at the beginning


def beam_of(alphabet: Alphabet, spellings: Spellings, pruning: Pruning) -> Beam:
    """The beam of one utterance: by the compiled library, or by NumPy where there is none."""
    compiled = library()
    if compiled is None:
        return Beam(alphabet, spellings, pruning)
    return CompiledBeam(compiled, alphabet, spellings, pruning)


class CompiledBeam(Beam):
    """A `Beam` whose frames are two calls of the library.

    Between them, the language model scores the words that end and that it has not scored yet.
    """

    def __init__(
        self, compiled: ctypes.CDLL, alphabet: Alphabet, spellings: Spellings, pruning: Pruning
    ) -> None:
        super().__init__(alphabet, spellings, pruning)
        self._library = compiled
        self._search = Search(beam=pruning.beam, loss=pruning.loss, gain=pruning.gain)
        self._pointer = ctypes.byref(self._search)
        self._addresses = Addresses(self._search)
        self._set_alphabet(alphabet)
        self._set_words()
        self._set_hypotheses(_FIRST, self._hypotheses)
        self._set_tables()

    def _set_alphabet(self, alphabet: Alphabet) -> None:
        self._search.labels = len(alphabet)
        self._search.longest = alphabet.spelled.shape[1]
        self._addresses.set(
            ends_word=self._ends_word,
            spelled=plain(alphabet.spelled, np.int64),
            lengths=plain(alphabet.lengths, np.int64),
            letter_keys=plain(self.spellings.letter_keys, np.int64),
            column=np.full(len(alphabet), -1, np.int64),
        )

    def _set_words(self) -> None:
        beginnings = self.spellings.beginnings
        self._search.penalty = beginnings.penalty
        self._search.unknown = beginnings.unknown
        self._search.bonus = beginnings.bonus
        if beginnings.words is not None:
            self._search.words = self._trie("words", beginnings.words)
            self._addresses.set(is_word=plain(beginnings.words.is_word, np.bool_))

        hotwords = self.spellings.hotwords
        if hotwords.weights:
            self._search.hotwords = self._trie("hotwords", hotwords.trie)
            self._addresses.set(gains=plain(hotwords.gains, np.float64))

    def _trie(self, name: str, trie: Trie) -> NativeTrie:
        found = NativeTrie(size=len(trie.keys) - 1, letters=trie.letters)
        held = Addresses(found)
        held.set(keys=plain(trie.keys, np.int64))
        setattr(self, f"_{name}_held", held)
        return found

    def _set_hypotheses(self, room: int, now: Hypotheses) -> None:
        """Make room for hypotheses and candidates, and put `now` there."""
        count = now.numbers.shape[1]
        numbers = np.empty((5, room), np.int64)
        numbers[:, :count] = now.numbers
        logs = np.empty((2, room))
        logs[:, :count] = now.logs

        self._pending = np.empty(room, np.int64)
        self._search.room = room
        self._search.count = count
        self._addresses.set(
            now=numbers,
            logs=logs,
            next=np.empty_like(numbers),
            next_logs=np.empty_like(logs),
            total=np.empty(room),
            rank=np.empty(room),
            sorted=np.empty(room),
            leader=np.empty(room, np.int64),
            grown=np.empty(room),
            grows=np.empty((2, room), np.int64),
            grows_log=np.empty(room),
            pending=self._pending,
        )

    def _set_tables(self) -> None:
        """Tell the library where the tables of spellings and paths are now."""
        table = self.spellings
        slots = np.zeros(1 << (2 * table.capacity).bit_length(), np.int64)
        self._search.capacity = table.capacity
        self._search.spellings = len(table)
        self._search.mask = len(slots) - 1
        self._addresses.set(
            numbers=table.numbers,
            scores=table.worths,
            slots=slots,
            group=np.full(table.capacity, -1, np.int64),
        )
        self._library.seqkit_ctc_index(self._pointer)
        self._set_paths()

    def _set_paths(self) -> None:
        self._search.path_room = self.paths.rows.shape[1]
        self._search.path_count = len(self.paths)
        self._addresses.set(paths=self.paths.rows)

    @property
    def hypotheses(self) -> Hypotheses:
        own = slice(self._search.count)
        numbers = self._addresses.array_at("now")[:, own]
        return Hypotheses(numbers, self._addresses.array_at("logs")[:, own])

    def advance(self, frame: Frame) -> None:
        likely = len(frame.tokens)
        self._reserve(likely)
        tokens = plain(frame.tokens, np.int64)
        logs = plain(frame.logs, np.float64)
        pending: int = self._library.seqkit_ctc_look(
            self._pointer, frame.blank, frame.begin, frame.end,
            likely, tokens.ctypes.data, logs.ctypes.data,
        )  # fmt: skip
        if pending:
            self.spellings.close(self._pending[:pending])

        kept = self._library.seqkit_ctc_settle(self._pointer, frame.begin, frame.end)
        self.spellings.size = self._search.spellings
        self.paths.size = self._search.path_count
        if kept == NEVER_POSSIBLE:
            raise impossible(frame)

    def _reserve(self, likely: int) -> None:
        """Have room for all that a frame can add."""
        search = self._search
        added = search.count * likely
        if search.count + added > search.room:
            self._set_hypotheses(2 * (search.count + added), self.hypotheses)

        if search.spellings + added >= search.capacity:
            self.spellings.enlarge(search.spellings + added + 1)
            self._set_tables()
        if search.path_count + search.count + added > search.path_room:
            self.paths.enlarge(search.path_count + search.count + added)
            self._set_paths()

    def forget(self) -> None:
        super().forget()
        self._set_tables()
