"""Original and residual at a strength: the one sum that screen, numbers and files share."""

import numpy as np

from viewer.core.arrays import AnyArray


def with_residual(values: AnyArray, residual: AnyArray, factor: float) -> AnyArray:
    """Return ``values + factor * residual`` in the type of `values`.

    Parameters
    ----------
    values, residual : same shape, any number of axes; int16, uint16, uint8 or float32 values, and
        residual steps.
    factor : modality units of one residual step, times the blend factor of the series.

    Returns
    -------
    Computed in float32; rounded half to even for integers and clipped to their range, never
    wrapped.
    """
    mixed: AnyArray = residual.astype(np.float32)
    mixed *= np.float32(factor)
    mixed += values
    kind = values.dtype
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        np.rint(mixed, out=mixed)
        np.clip(mixed, limits.min, limits.max, out=mixed)
    return mixed.astype(kind, copy=False)
