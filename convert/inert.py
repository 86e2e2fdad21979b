"""The classes and functions a weight file may name, each replaced by something that only arranges data.

A name is looked up in the tables below and nowhere else: no module is imported and no attribute is fetched. A
*maker* receives decoded plain values and returns a plain value; the :class:`Work` it is given is charged with what it
copies, so that a pickle cannot multiply its own size by calling one of them again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError
from convert.printing import printable, shown
from convert.storage import Blob, Budget, Tensor, make_tensor
from convert.tree import Name, Record

WORK_LIMIT = 500_000
"""Steps; a training checkpoint takes about a hundred for each parameter with an optimiser's state (estimated), and has
some thousand parameters."""


class Work:
    """Counts the steps of reading one pickle."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._left = WORK_LIMIT

    def charge(self, amount: int) -> None:
        """Spend steps.

        Raises:
            UnsafeCheckpointError: far more than any weight file needs.
        """
        self._left -= amount
        if self._left < 0:
            raise UnsafeCheckpointError(f"{self.what}: its description takes more than {WORK_LIMIT} steps to read")


@dataclass(frozen=True, eq=False)
class Storage:
    """What a persistent id stands for: a storage and its element type."""

    blob: Blob
    dtype: str


@dataclass
class Context:
    """What makers need besides their arguments."""

    work: Work
    budget: Budget


class TypeName(str):
    """Name of an element type, as ``torch.float16`` or ``numpy.dtype`` give it."""


Maker = Callable[[Context, tuple[Any, ...]], Any]

STORAGE_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_TORCH_DTYPES = (*STORAGE_DTYPES.values(), "uint16", "uint32", "uint64")

# Objects of these classes are read as the dictionary of their fields.
RECORD_CLASSES = {("utils", "HParams"), ("GPT_SoVITS.utils", "HParams")}


def _bad_arguments(name: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(f"{name} with arguments it never has; the file is damaged or forged")


def _ordered_dict(context: Context, args: tuple[Any, ...]) -> dict[Any, Any]:
    if not args:
        return {}
    if len(args) != 1 or not isinstance(args[0], list):
        raise _bad_arguments("collections.OrderedDict")
    context.work.charge(len(args[0]))
    result: dict[Any, Any] = {}
    for pair in args[0]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise _bad_arguments("collections.OrderedDict")
        result[checked_key(pair[0])] = pair[1]
    return result


def checked_key(key: Any) -> Any:
    """Return a dictionary key of a kind whose hash costs nothing and cannot be made to collide.

    Raises:
        UnsafeCheckpointError: anything else than a string, number, bytes or None.
    """
    if isinstance(key, str | bytes | float | bool | None) or (type(key) is int and abs(key) < 1 << 63):
        return key
    raise UnsafeCheckpointError(f"a dictionary key of type {type(key).__name__}; weight files have strings and numbers")


def _tensor(context: Context, args: tuple[Any, ...]) -> Tensor:
    if len(args) < 4 or not isinstance(args[0], Storage):
        raise _bad_arguments("torch._utils._rebuild_tensor")
    storage, offset, shape, strides = args[:4]
    if not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise _bad_arguments("torch._utils._rebuild_tensor")
    context.work.charge(len(shape) + len(strides))
    return make_tensor(storage.blob, storage.dtype, shape, strides, offset, context.budget, context.work.what)


def _parameter(_context: Context, args: tuple[Any, ...]) -> Tensor:
    if not args or not isinstance(args[0], Tensor):
        raise _bad_arguments("torch._utils._rebuild_parameter")
    return args[0]


def _path(separator: str) -> Maker:
    def make(context: Context, args: tuple[Any, ...]) -> str:
        if not all(isinstance(part, str) for part in args):
            raise _bad_arguments("pathlib path")
        context.work.charge(sum(len(part) + 1 for part in args))
        root = args[0] if args and args[0].endswith(separator) else ""
        return root + separator.join(args[1:] if root else args) or "."

    return make


def _size(_context: Context, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(args) != 1 or not isinstance(args[0], tuple):
        raise _bad_arguments("torch.Size")
    return args[0]


def _device(context: Context, args: tuple[Any, ...]) -> str:
    if not 1 <= len(args) <= 2 or not isinstance(args[0], str):
        raise _bad_arguments("torch.device")
    context.work.charge(len(args[0]))
    return args[0] if len(args) == 1 else f"{args[0]}:{shown(args[1], 20)}"


def _numpy_dtype(_context: Context, args: tuple[Any, ...]) -> TypeName:
    if (
        not args
        or not isinstance(args[0], str)
        or args[0] not in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1")
    ):
        raise UnsupportedCheckpointError(f"numpy.dtype({shown(args[0] if args else None, 40)}) is not supported")
    return TypeName(args[0])


def _numpy_scalar(_context: Context, args: tuple[Any, ...]) -> Any:
    if len(args) != 2 or not isinstance(args[0], TypeName) or not isinstance(args[1], bytes):
        raise _bad_arguments("numpy scalar")
    dtype = np.dtype(str(args[0])).newbyteorder("<")
    if len(args[1]) != dtype.itemsize:
        raise _bad_arguments("numpy scalar")
    return np.frombuffer(args[1], dtype)[0].item()


def _latin1(context: Context, args: tuple[Any, ...]) -> bytes:
    """Protocol 2 writes bytes as ``_codecs.encode(text, 'latin1')``; no other codec is known here."""
    if len(args) != 2 or not isinstance(args[0], str) or args[1] != "latin1":
        raise UnsafeCheckpointError(
            f"_codecs.encode with the codec {shown(args[-1] if args else None, 40)}", "_codecs.encode"
        )
    context.work.charge(len(args[0]))
    try:
        return args[0].encode("latin1")
    except UnicodeEncodeError as error:
        raise _bad_arguments("_codecs.encode") from error


MAKERS: dict[tuple[str, str], Maker] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): _size,
    ("torch", "device"): _device,
    ("_codecs", "encode"): _latin1,
    ("numpy", "dtype"): _numpy_dtype,
    ("numpy.core.multiarray", "scalar"): _numpy_scalar,
    ("numpy._core.multiarray", "scalar"): _numpy_scalar,
}
for _module in ("pathlib", "pathlib._local"):
    for _class in ("Path", "PosixPath", "PurePath", "PurePosixPath"):
        MAKERS[(_module, _class)] = _path("/")
    for _class in ("WindowsPath", "PureWindowsPath"):
        MAKERS[(_module, _class)] = _path("\\")

_CONSTANTS: dict[tuple[str, str], Any] = {("torch", name): TypeName(name) for name in _TORCH_DTYPES}


def resolve(module: str, attribute: str) -> Any:
    """Return what stands for a name in a pickle: a constant, or a :class:`Name` that can be called below.

    Raises:
        UnsafeCheckpointError: the name is not one that weight files have.
    """
    key = (module, attribute)
    if key in _CONSTANTS:
        return _CONSTANTS[key]
    if key in MAKERS or key in RECORD_CLASSES or (module == "torch" and attribute in STORAGE_DTYPES):
        return Name(module, attribute)
    name = printable(f"{module:.200}.{attribute:.200}", 200)
    raise UnsafeCheckpointError(
        f"the file refers to {name}, which no weight file needs; it was not loaded. "
        "Do not open this file with other tools unless you trust its author",
        name,
    )


def call(context: Context, function: Any, args: Any) -> Any:
    """Apply a named function to arguments, the only way anything is called while reading.

    Raises:
        UnsafeCheckpointError: it is not one of the makers or record classes.
        CorruptCheckpointError: the arguments are not what such a function gets.
    """
    if not isinstance(function, Name) or not isinstance(args, tuple):
        raise UnsafeCheckpointError(f"the file calls a {type(function).__name__}, which is not a known function")
    key = (function.module, function.attribute)
    if key in RECORD_CLASSES:
        if args:
            raise _bad_arguments(str(function))
        return Record()
    if key not in MAKERS:
        raise UnsafeCheckpointError(f"the file calls {function}, which is not a function", str(function))
    return MAKERS[key](context, args)


def build(target: Any, state: Any) -> None:
    """Set the state of an object just made: the fields of a record; attributes of an ordered dict are dropped.

    Raises:
        UnsafeCheckpointError: the object is of another kind.
        CorruptCheckpointError: the state is not a dictionary, or is set twice.
    """
    if isinstance(target, TypeName):
        return  # numpy.dtype's byte order and alignment; scalars are little-endian
    if not isinstance(target, Record | dict):
        raise UnsafeCheckpointError(f"the file sets the state of a {type(target).__name__}")
    if not isinstance(state, dict):
        raise CorruptCheckpointError("the state of an object is not a dictionary; the file is damaged or forged")
    if isinstance(target, Record):
        if target.fields:
            raise CorruptCheckpointError("the state of an object is set twice; the file is damaged or forged")
        target.fields = state  # not copied: a pickle could make many records of one large state
