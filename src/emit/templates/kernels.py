"""@ABOUT@

Kernels of `@PROBLEM@`, made by pdec @VERSION@: do not edit. Needs NumPy and, beside this file, `@LIBRARY@`.

Arrays are float@BITS@. The axis of the points is the last one, and all arrays of a call have as many points; give
contiguous arrays and nothing is copied. Each function returns its outputs in order, or a tuple of those named in
`want=("residual",)`: what is not wanted is not computed. Calls may run in several threads at once.
"""

import ctypes
import os
import threading

import numpy

PARAMETERS = @PARAMETERS@


class _Argument(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("scalar", ctypes.c_int32),
        ("batched", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 4),
    ]


class _Descriptor(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("abi_major", ctypes.c_uint16),
        ("abi_minor", ctypes.c_uint16),
        ("name", ctypes.c_char_p),
        ("kind", ctypes.c_char_p),
        ("problem", ctypes.c_char_p),
        ("hash", ctypes.c_uint8 * 32),
        ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(_Argument)),
        ("outputs", ctypes.POINTER(_Argument)),
        ("work_bytes", ctypes.c_int64),
        ("flops_per_point", ctypes.c_int64),
        ("calls_per_point", ctypes.c_int64),
        ("bytes_per_point", ctypes.c_int64),
        ("bytes_fixed", ctypes.c_int64),
        ("cpu_features", ctypes.c_uint64),
        ("eval", ctypes.c_void_p),
    ]


_EVAL = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_int64, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p
)
_ERRORS = {1: "a negative number of points", 2: "an input is missing", 3: "there is no workspace"}
_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "@LIBRARY@"))
_workspaces = threading.local()


class Array:
    """An argument of a kernel: its name, its type, its shape without the axis of the points."""

    def __init__(self, argument):
        self.name = argument.name.decode()
        self.dtype = numpy.dtype("float64" if argument.scalar == 0 else "float32")
        self.batched = bool(argument.batched)
        self.shape = tuple(argument.shape[: argument.rank])

    def whole(self, points):
        """Its shape in a call of so many points."""
        return self.shape + (points,) if self.batched else self.shape

    def __repr__(self):
        return f"{self.name}: {self.dtype} {self.shape + ('points',) if self.batched else self.shape}"


class Kernel:
    """A kernel of the library; call it with its inputs in order or by name."""

    def __init__(self, name, doc):
        self.descriptor = _Descriptor.in_dll(_library, name + "_kernel")
        if self.descriptor.abi_major != @ABI@ or self.descriptor.struct_size < ctypes.sizeof(_Descriptor):
            raise ImportError(f"{name} has another layout than this file; make both again with `pdec emit`")
        self.__name__ = name
        self.__doc__ = doc
        self.inputs = [Array(self.descriptor.inputs[i]) for i in range(self.descriptor.input_count)]
        self.outputs = [Array(self.descriptor.outputs[i]) for i in range(self.descriptor.output_count)]
        self.work_bytes = self.descriptor.work_bytes
        self._eval = _EVAL(self.descriptor.eval)

    def __repr__(self):
        return f"{self.__name__}({', '.join(map(repr, self.inputs))}) -> ({', '.join(map(repr, self.outputs))})"

    def _given(self, arrays, named):
        if len(arrays) > len(self.inputs):
            raise TypeError(f"{self.__name__} takes {len(self.inputs)} arrays, not {len(arrays)}")
        given = dict(zip((array.name for array in self.inputs), arrays))
        for name, value in named.items():
            if name in given or all(array.name != name for array in self.inputs):
                raise TypeError(f"{self.__name__} has no further input `{name}`")
            given[name] = value
        missing = [array.name for array in self.inputs if array.name not in given]
        if missing:
            raise TypeError(f"{self.__name__} needs {', '.join(missing)}")
        points, found = None, []
        for array in self.inputs:
            value = numpy.ascontiguousarray(given[array.name], dtype=array.dtype)
            if array.batched and points is None and value.ndim > 0:
                points = value.shape[-1]
            if value.shape != array.whole(points):
                raise ValueError(f"{self.__name__}: `{array.name}` has the shape {value.shape}, not {array.whole(points)}")
            found.append(value)
        return points or 0, found

    def _work(self):
        work = getattr(_workspaces, "bytes", None)
        if work is None or work.nbytes < self.work_bytes + 64:
            work = _workspaces.bytes = numpy.empty(self.work_bytes + 64, numpy.uint8)
        return (work.ctypes.data + 63) // 64 * 64

    def __call__(self, *arrays, want=None, **named):
        points, inputs = self._given(arrays, named)
        names = [array.name for array in self.outputs]
        wanted = names if want is None else [want] if isinstance(want, str) else list(want)
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ValueError(f"{self.__name__} has no output {', '.join(unknown)}")
        outputs = {a.name: numpy.empty(a.whole(points), a.dtype) for a in self.outputs if a.name in wanted}
        address = lambda array: None if array is None else array.ctypes.data
        code = self._eval(
            points,
            (ctypes.c_void_p * len(inputs))(*map(address, inputs)),
            (ctypes.c_void_p * len(names))(*(address(outputs.get(name)) for name in names)),
            self._work(),
        )
        if code != 0:
            raise RuntimeError(f"{self.__name__}: {_ERRORS.get(code, code)}")
        found = tuple(outputs[name] for name in wanted)
        return found[0] if len(found) == 1 else found


