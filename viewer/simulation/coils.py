"""Receive coils around the patient, and how parallel imaging with them multiplies the noise."""

from __future__ import annotations

import numpy as np

from viewer.simulation.kernels import FloatArray
from viewer.simulation.mr import ComplexArray

RING = 1.25
"""Radius of the ring of coils over half the field of view."""


def sensitivities(coils: int, rows: int, columns: int, reach: float = 0.9) -> ComplexArray:
    """Complex sensitivity of coils evenly on a ring, [coil, row, column].

    Parameters
    ----------
    reach : size of a loop over half the field of view; its field on axis falls as that of a loop,
        (1 + d^2 / reach^2)^(-3/2), and its phase turns with the direction to it.
    """
    turn = 2.0 * np.pi * np.arange(coils) / coils
    y, x = np.linspace(-1, 1, rows)[None, :, None], np.linspace(-1, 1, columns)[None, None, :]
    across = RING * np.cos(turn)[:, None, None] - x
    down = RING * np.sin(turn)[:, None, None] - y
    strength = (1.0 + (across**2 + down**2) / reach**2) ** -1.5
    return np.asarray(strength * np.exp(1j * np.arctan2(down, across)), np.complex64)


def g_factor(maps: ComplexArray, acceleration: int) -> FloatArray:
    """Noise amplification beyond sqrt(acceleration) of a SENSE image, [row, column]; at least 1.

    Parameters
    ----------
    maps : sensitivities [coil, row, column], noise of the coils taken to be independent.
    acceleration : every how many-th row of k-space is measured; divides the rows and is at most
        the number of coils.

    Raises
    ------
    ValueError : it does not.

    Source: Pruessmann et al., MRM 42, 1999, equation 23.
    """
    coils, rows, columns = maps.shape
    if rows % acceleration or acceleration > coils:
        raise ValueError(f"{rows} rows and {coils} coils cannot be sped up {acceleration} times.")
    folded = maps.reshape(coils, acceleration, rows // acceleration, columns)
    matrix = np.einsum("caij,cbij->ijab", folded.conj(), folded).astype(np.complex128)
    power = np.einsum("ijaa,ijaa->aij", matrix, np.linalg.inv(matrix)).real
    return np.asarray(np.sqrt(np.maximum(power, 1.0)), np.float32).reshape(rows, columns)
