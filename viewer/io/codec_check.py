"""Does every codec work here: small images are coded and decoded again."""

from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.errors import DiptychError
from viewer.core.study import PixelLayout
from viewer.io.codecs import decode

_SIDE = 32
_Coder = Callable[[AnyArray], bytes | bytearray]
_CODERS: tuple[tuple[str, str, _Coder, bool], ...] = (
    ("JPEG", "1.2.840.10008.1.2.4.50", imagecodecs.jpeg8_encode, True),
    ("JPEG Lossless", "1.2.840.10008.1.2.4.70", imagecodecs.ljpeg_encode, False),
    ("JPEG-LS", "1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode, False),
    ("JPEG 2000", "1.2.840.10008.1.2.4.90", partial(imagecodecs.jpeg2k_encode, level=0), False),
    ("HTJ2K", "1.2.840.10008.1.2.4.201", imagecodecs.htj2k_encode, False),
)
"""Name, transfer syntax, coder, and whether it takes 8 bits only and loses some of them."""


def broken_codecs() -> tuple[str, ...]:
    """Return the names of the codecs that do not give back what was coded."""
    return tuple(
        name
        for name, syntax_uid, code, is_lossy in _CODERS
        if not _works(syntax_uid, code, is_lossy=is_lossy)
    )


def _works(syntax_uid: str, code: _Coder, *, is_lossy: bool) -> bool:
    values = np.arange(_SIDE * _SIDE, dtype=np.uint16).reshape(_SIDE, _SIDE)
    if is_lossy:
        values = (values // 8).astype(np.uint8)
    bits = values.dtype.itemsize * 8
    layout = PixelLayout(_SIDE, _SIDE, 1, "MONOCHROME2", bits, bits, bits - 1, False, 0, 0, -1)
    try:
        got, _, _ = decode(bytes(code(values)), syntax_uid, layout)
    except (DiptychError, RuntimeError, ValueError, ImportError, NotImplementedError):
        return False
    error = np.abs(got.reshape(values.shape).astype(np.int32) - values.astype(np.int32)).max()
    return bool(error <= (8 if is_lossy else 0))
