"""Images of a reader study at rest: every arm alike outside, its provenance always inside.

A container is encrypted so that looking into its folder tells nothing about the arm. The key lies
in the study's own record, so this stops a glance and not a determined holder of the machine.
"""

import json
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from viewer.core.arrays import AnyArray, BoolArray
from viewer.core.errors import DamagedRecord, DiptychError, InvalidGeometry, NotSaved
from viewer.core.geometry import VolumeGeometry
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.volume import AnyVolume, DerivedVolume, Frames, ScaledRegion, Volume
from viewer.io.safely import not_saved

MAGIC = b"DIPTYCH IMAGES 1"
PIECE = 16 * 1024 * 1024
"""Bytes that are encrypted at a time."""
HEADER_BYTES, HEADER_BYTES_PER_SLICE = 65_536, 256
"""Length of what is said about the values, filled up with spaces: alike for every arm."""

_NONCE = struct.Struct(">8sI")


def new_image_key() -> bytes:
    """Return a key for the images of one study, 32 random bytes."""
    return AESGCM.generate_key(bit_length=256)


def write_sealed(path: Path, volume: AnyVolume, key: bytes, dtype: str = "") -> None:
    """Write an image with all that is known of it into a new file that only `key` opens.

    Parameters
    ----------
    dtype : of the values on disk, "int16" or "float32" ("": as they are); the same for both arms
        of a case makes their files equally long.

    Raises
    ------
    NotSaved : the disk is full, or the file is there.
    InvalidGeometry : the image is not complete.
    """
    if not volume.is_complete:
        raise InvalidGeometry("An image of a study needs every slice of its series.")
    values = np.ascontiguousarray(volume.values, dtype=dtype or volume.values.dtype)
    header = json.dumps(_header(volume, values), ensure_ascii=True).encode()
    room = HEADER_BYTES + HEADER_BYTES_PER_SLICE * len(values)
    if len(header) > room:
        raise NotSaved("An image of the study says more about itself than there is room for.")
    mask = b"" if volume.mask is None else np.packbits(volume.mask).tobytes()
    body = b"".join((struct.pack(">Q", room), header.ljust(room), values.tobytes(), mask))
    try:
        with path.open("xb") as file:
            _encrypt(file.write, body, AESGCM(key))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise not_saved("An image of the study", error) from error


def _encrypt(write: Callable[[bytes], object], body: bytes, cipher: AESGCM) -> None:
    salt = os.urandom(8)
    count = -(-len(body) // PIECE)
    start = MAGIC + salt + struct.pack(">I", count)
    write(start)
    for number in range(count):
        piece = body[number * PIECE : (number + 1) * PIECE]
        write(cipher.encrypt(_NONCE.pack(salt, number), piece, start))


def read_sealed(path: Path, key: bytes) -> AnyVolume:
    """Return an image of a study; computed pixels come back with their provenance.

    Raises
    ------
    DamagedRecord : the file is missing, damaged, or another study's.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _damaged(f"is not there or cannot be read ({error.strerror})") from error
    try:
        body = b"".join(_decrypted(memoryview(content), AESGCM(key)))
        (room,) = struct.unpack_from(">Q", body)
        return _volume(json.loads(body[8 : 8 + room]), memoryview(body)[8 + room :])
    except InvalidTag as error:
        raise _damaged("was changed, or belongs to another study") from error
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise _damaged(f"is damaged ({type(error).__name__})") from error


def _damaged(how: str) -> DiptychError:
    return DamagedRecord(
        f"An image of the study {how}.",
        "Its case cannot be shown.",
        "Copy the folder of images again from where the study was locked.",
    )


def _decrypted(content: memoryview, cipher: AESGCM) -> Iterator[bytes]:
    begin = len(MAGIC) + 12
    start = bytes(content[:begin])
    if start[: len(MAGIC)] != MAGIC or len(start) != begin:
        raise ValueError
    salt, (count,) = start[len(MAGIC) : -4], struct.unpack(">I", start[-4:])
    for number in range(count):
        piece = content[begin : begin + PIECE + 16]
        begin += len(piece)
        yield cipher.decrypt(_NONCE.pack(salt, number), piece, start)
    if begin != len(content):
        raise ValueError


# ---------------------------------------------------------------- what is said about the values


def _header(volume: AnyVolume, values: AnyArray) -> dict[str, object]:
    geometry = volume.geometry
    grid = {item.name: getattr(geometry, item.name) for item in fields(geometry) if item.init}
    facts: dict[str, object] = {
        "kind": "frames" if isinstance(volume, Frames) else "volume",
        "dtype": values.dtype.str,
        "shape": values.shape,
        "has_mask": volume.mask is not None,
        "geometry": {**grid, "affine": geometry.affine.tolist()},
        "unit": volume.unit,
        "sources": volume.sources,
    }
    if isinstance(volume, Frames):
        facts["frames"] = {
            "spacing_origin": volume.spacing_origin,
            "frame_time_ms": volume.frame_time_ms,
            "regions": [asdict(region) for region in volume.regions],
            "patient_orientation": volume.patient_orientation,
        }
    if volume.provenance is not None:
        told = {**asdict(volume.provenance), "kind": volume.provenance.kind.value}
        if volume.provenance.source_uids == volume.sources:
            del told["source_uids"]  # once is enough
        facts["provenance"] = told
    return facts


def _volume(facts: dict[str, Any], body: memoryview) -> AnyVolume:
    shape: tuple[int, ...] = tuple(facts["shape"])
    dtype = np.dtype(str(facts["dtype"]))
    size = int(np.prod(shape)) * dtype.itemsize
    values = np.frombuffer(body[:size], dtype=dtype).reshape(shape)
    geometry = _geometry(facts["geometry"])
    sources: tuple[str, ...] = tuple(facts["sources"])
    loaded = np.ones(shape[0], dtype=np.bool_)
    mask = _mask(body[size:], shape[:3]) if facts["has_mask"] else None
    provenance = _provenance(facts.get("provenance"), sources)
    unit = str(facts["unit"])
    if facts["kind"] == "frames":
        extra = dict(facts["frames"])
        regions = tuple(
            ScaledRegion(*(tuple(region[name]) for name in ("first", "last", "spacing_mm")))
            for region in extra.pop("regions")
        )
        extra["patient_orientation"] = tuple(extra.get("patient_orientation", ()))
        return Frames(
            values, geometry, unit, sources, loaded,
            mask=mask, provenance=provenance, regions=regions, **extra,
        )  # fmt: skip
    if provenance is None:
        return Volume(values, geometry, unit, sources, loaded, mask)
    return DerivedVolume(values, geometry, unit, sources, loaded, provenance, mask)


def _mask(packed: memoryview, shape: tuple[int, ...]) -> BoolArray:
    count = int(np.prod(shape))
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=count)
    return bits.astype(np.bool_).reshape(shape)


def _geometry(told: dict[str, Any]) -> VolumeGeometry:
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    frozen["affine"] = np.asarray(told["affine"], dtype=np.float64)
    return VolumeGeometry(**frozen)


def _provenance(told: Any, sources: tuple[str, ...]) -> Provenance | None:
    if not isinstance(told, dict):
        return None
    frozen = {name: _frozen(value) for name, value in told.items()}
    frozen["kind"] = MethodKind(told["kind"])
    frozen.setdefault("source_uids", sources)
    return Provenance(**frozen)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
