"""A pickle machine of our own that arranges data and can do nothing else.

Subclassing ``pickle.Unpickler`` with a strict ``find_class`` would also refuse foreign names, but REDUCE, NEWOBJ and
BUILD would still call whatever object is on the stack (``__setstate__``, ``__reduce__`` protocols, ``append`` and
``extend`` methods), lengths in opcodes would be allocated before they are checked, and the limits of recursion and of
hashing would be the interpreter's own. Here every opcode is a few lines below; the only calls are those of
:func:`convert.inert.call`; every length is checked against the bytes that are left before anything is made of it; and
the number of steps is limited. Protocols 2 to 5 are read, as far as weight files use them (``torch.save`` writes 2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from convert import inert
from convert.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

MAX_INTEGER_BYTES = 64
MAX_LINE = 4096
BYTES_PER_STEP = 32
"""Bytes of text that count as one step: 16 MB of a weight file's description, far more than any has."""
MAX_MARKS = 10_000
"""Marks that may be open at once; weight files have a handful."""

PersistentLoad = Callable[[Any], Any]


def _no_persistent_ids(_identifier: Any) -> Any:
    raise CorruptCheckpointError("a storage where none is expected; the file is damaged or forged")


class Machine:
    """Reads one pickle from a buffer.

    Args:
        data: Buffer that holds the pickle, possibly with more behind it.
        context: Budgets shared by everything read from the file.
        persistent_load: Turns a persistent id (a tuple) into a :class:`convert.inert.Storage`.
        start: Where the pickle begins.
    """

    def __init__(
        self,
        data: memoryview,
        context: inert.Context,
        persistent_load: PersistentLoad = _no_persistent_ids,
        start: int = 0,
    ) -> None:
        self._data = data
        self._at = start
        self._context = context
        self._persistent_load = persistent_load
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> tuple[Any, int]:
        """Return the value and the position behind the pickle.

        Raises:
            UnsafeCheckpointError: it names or calls something foreign, or exceeds the limits.
            CorruptCheckpointError: it is cut short or is no pickle.
            UnsupportedCheckpointError: an opcode that weight files do not have.
        """
        while True:
            opcode = self._take(1)[0]
            self._context.work.charge(1)
            if opcode == 0x2E:  # STOP
                return self._pop(), self._at
            operation = _OPERATIONS.get(opcode)
            if operation is None:
                raise UnsupportedCheckpointError(
                    f"pickle opcode 0x{opcode:02x} does not occur in weight files; it was not read"
                )
            operation(self)

    # Input

    def _take(self, length: int) -> memoryview:
        end = self._at + length
        if length < 0 or end > len(self._data):
            raise CorruptCheckpointError("its description (pickle) is cut short; the file is damaged, get it again")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _number(self, code: str) -> Any:
        return struct.unpack(code, self._take(struct.calcsize(code)))[0]

    def _line(self) -> str:
        window = bytes(self._data[self._at : self._at + MAX_LINE])
        end = window.find(b"\n")
        if end < 0:
            raise CorruptCheckpointError("a line of its description (pickle) does not end; the file is damaged")
        self._at += end + 1
        return self._decode(window[:end])

    @staticmethod
    def _decode(raw: bytes | memoryview) -> str:
        try:
            return str(raw, "utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise CorruptCheckpointError(
                "a text in its description (pickle) is not UTF-8; the file is damaged"
            ) from error

    # Stack

    def _pop(self) -> Any:
        if not self._stack:
            raise CorruptCheckpointError("its description (pickle) makes no sense; the file is damaged")
        return self._stack.pop()

    def _peek(self, kind: type[Any]) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise CorruptCheckpointError(
                f"a {kind.__name__} is expected in its description (pickle); the file is damaged"
            )
        return self._stack[-1]

    def _pop_mark(self) -> list[Any]:
        if not self._marks:
            raise CorruptCheckpointError("its description (pickle) makes no sense; the file is damaged")
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    # Operations

    def _mark(self) -> None:
        if len(self._marks) >= MAX_MARKS:
            raise UnsafeCheckpointError(
                f"its description (pickle) has {MAX_MARKS} marks open at once; no weight file has so many"
            )
        self._marks.append(self._stack)
        self._stack = []

    def _protocol(self) -> None:
        version = self._take(1)[0]
        if version > 5:
            raise UnsupportedCheckpointError(f"pickle protocol {version} is not known")

    def _frame(self) -> None:
        length = self._number("<Q")
        if length > len(self._data) - self._at:
            raise CorruptCheckpointError("its description (pickle) is cut short; the file is damaged, get it again")

    def _long(self, code: str) -> None:
        length = self._number(code)
        if not 0 <= length <= MAX_INTEGER_BYTES:
            raise UnsafeCheckpointError(
                f"an integer of {length} bytes; weight files have none beyond {MAX_INTEGER_BYTES}"
            )
        self._push(int.from_bytes(self._take(length), "little", signed=True))

    def _piece(self, code: str) -> memoryview:
        """Bytes of a counted length; copying them is work, too."""
        length = self._number(code)
        taken = self._take(length)
        self._context.work.charge(length // BYTES_PER_STEP)
        return taken

    def _text(self, code: str) -> None:
        self._push(self._decode(self._piece(code)))

    def _bytes(self, code: str) -> None:
        self._push(bytes(self._piece(code)))

    def _tuple(self, length: int) -> None:
        items = [self._pop() for _ in range(length)]
        self._push(tuple(reversed(items)))

    def _marked(self, kind: Callable[[list[Any]], Any]) -> None:
        items = self._pop_mark()
        self._push(kind(items))

    def _append(self) -> None:
        value = self._pop()
        self._peek(list).append(value)

    def _appends(self) -> None:
        items = self._pop_mark()
        self._peek(list).extend(items)

    def _set_pairs(self, items: list[Any]) -> None:
        target = self._peek(dict)
        if len(items) % 2:
            raise CorruptCheckpointError("a key without a value in its description (pickle); the file is damaged")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[inert.checked_key(key)] = value

    def _set_item(self) -> None:
        value = self._pop()
        key = self._pop()
        self._set_pairs([key, value])

    def _set_items(self) -> None:
        self._set_pairs(self._pop_mark())

    def _marked_dict(self) -> None:
        items = self._pop_mark()
        self._push({})
        self._set_pairs(items)

    def _pop_one(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    def _discard(self) -> None:
        self._pop_mark()

    def _duplicate(self) -> None:
        self._push(self._peek(object))

    def _put(self, index: int) -> None:
        self._memo[index] = self._peek(object)

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise CorruptCheckpointError(
                "its description (pickle) refers to something it has not made; the file is damaged"
            )
        self._push(self._memo[index])

    def _global(self) -> None:
        module = self._line()
        self._push(inert.resolve(module, self._line()))

    def _stack_global(self) -> None:
        attribute, module = self._pop(), self._pop()
        if not isinstance(attribute, str) or not isinstance(module, str):
            raise CorruptCheckpointError("a name in its description (pickle) is no text; the file is damaged")
        self._push(inert.resolve(module, attribute))

    def _call(self) -> None:
        args = self._pop()
        function = self._pop()
        self._push(inert.call(self._context, function, args))

    def _build(self) -> None:
        state = self._pop()
        inert.build(self._peek(object), state)

    def _persistent(self) -> None:
        self._push(self._persistent_load(self._pop()))


def _operations() -> dict[int, Callable[[Machine], None]]:
    """Opcode to operation, opcodes written as the characters of the pickle language."""
    m = Machine
    table: dict[str, Callable[[Machine], None]] = {
        "(": m._mark,
        "\x80": m._protocol,
        "\x95": m._frame,
        "N": lambda s: s._push(None),
        "\x88": lambda s: s._push(True),
        "\x89": lambda s: s._push(False),
        "J": lambda s: s._push(s._number("<i")),
        "K": lambda s: s._push(s._number("<B")),
        "M": lambda s: s._push(s._number("<H")),
        "G": lambda s: s._push(s._number(">d")),
        "\x8a": lambda s: s._long("<B"),
        "\x8b": lambda s: s._long("<i"),
        "X": lambda s: s._text("<I"),
        "\x8c": lambda s: s._text("<B"),
        "\x8d": lambda s: s._text("<Q"),
        "U": lambda s: s._text("<B"),  # Python 2 strings
        "T": lambda s: s._text("<i"),
        "B": lambda s: s._bytes("<I"),
        "C": lambda s: s._bytes("<B"),
        "\x8e": lambda s: s._bytes("<Q"),
        "]": lambda s: s._push([]),
        "}": lambda s: s._push({}),
        ")": lambda s: s._push(()),
        "t": lambda s: s._marked(tuple),
        "l": lambda s: s._marked(list),
        "d": m._marked_dict,
        "\x85": lambda s: s._tuple(1),
        "\x86": lambda s: s._tuple(2),
        "\x87": lambda s: s._tuple(3),
        "a": m._append,
        "e": m._appends,
        "s": m._set_item,
        "u": m._set_items,
        "0": m._pop_one,
        "1": m._discard,
        "2": m._duplicate,
        "q": lambda s: s._put(s._number("<B")),
        "r": lambda s: s._put(s._number("<I")),
        "\x94": lambda s: s._put(len(s._memo)),
        "h": lambda s: s._get(s._number("<B")),
        "j": lambda s: s._get(s._number("<I")),
        "c": m._global,
        "\x93": m._stack_global,
        "R": m._call,
        "\x81": m._call,  # NEWOBJ: the same, as the known classes have no __new__ of their own
        "b": m._build,
        "Q": m._persistent,
    }
    return {ord(character): operation for character, operation in table.items()}


_OPERATIONS = _operations()
