"""@ABOUT@

The kernels of `@PROBLEM@` as functions of JAX, made by pdec @VERSION@: do not edit. Needs JAX and, beside this file,
`@LIBRARY@`.

Arrays are float@BITS@@ENABLE@, the axis of the points is the last one. The functions work under `jit`, `vmap` (one call
after the other), and on the CPU. Where the library has the kernel `vjp` of the same equations, `residual` has a gradient
in `theta`; its gradient in the points is not known and comes out as NaN.
"""

import ctypes
import os

import jax
import jax.numpy as jnp

PARAMETERS = @PARAMETERS@

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "@LIBRARY@"))


def _function(name, doc, inputs, outputs, work_bytes):
    """A function of arrays; `inputs` and `outputs` are (name, shape without points, whether there is one a point)."""
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(_library, name + "_xla")), platform="cpu")
    dtype = jnp.float@BITS@

    def call(*arrays):
        if len(arrays) != len(inputs):
            raise TypeError(f"{name} takes {', '.join(each[0] for each in inputs)}")
        arrays = [jnp.asarray(array, dtype) for array in arrays]
        points = next((a.shape[-1] for a, each in zip(arrays, inputs) if each[2] and a.ndim), 0)
        shapes = [jax.ShapeDtypeStruct(shape + (points,) if batched else shape, dtype) for _, shape, batched in outputs]
        work = jax.ShapeDtypeStruct((work_bytes,), jnp.uint8)
        found = jax.ffi.ffi_call(name, shapes + [work], vmap_method="sequential")(*arrays)[:-1]
        return found[0] if len(found) == 1 else tuple(found)

    call.__name__, call.__doc__ = name, doc
    return call


def _differentiable(residual, vjp, inputs):
    """The residual with the rule that `vjp` is."""

    @jax.custom_vjp
    def call(*arrays):
        return residual(*arrays)

    def backward(arrays, cotangents):
        given = dict(zip(inputs, arrays))
        points = [given[name] for name in inputs if name != "theta"]
        theta = vjp(*points, cotangents, given["theta"])
        return tuple(theta if name == "theta" else jnp.full_like(given[name], jnp.nan) for name in inputs)

    call.defvjp(lambda *arrays: (residual(*arrays), arrays), backward)
    call.__name__, call.__doc__ = residual.__name__, residual.__doc__
    return call


