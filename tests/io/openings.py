"""Data sets written and read back as the program does it: header walk, then parts."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.builders import write
from tests.found import studies_of
from viewer.core.partition import parts
from viewer.core.study import FrameSource, Instance, SeriesPart
from viewer.io.header import read_entry

ANY_COMPRESSED = "1.2.840.10008.1.2.4.80"


def instance_of(dataset: Dataset, folder: Path, name: str = "one.dcm") -> Instance:
    """Write a data set as it is and return its instance as the header walk reads it."""
    path = folder / name
    write(dataset, path, transfer_syntax=dataset.file_meta.TransferSyntaxUID)
    return read_entry(str(path)).instance


def parts_in(*paths: Path) -> tuple[SeriesPart, ...]:
    """Return the parts of all series in some files."""
    return tuple(
        part
        for study in studies_of(paths)
        for series in study.series
        for part in parts(study, series)
    )


def source_of(instance: Instance, index: int = 0) -> FrameSource:
    return FrameSource(instance, index)


def encapsulated(
    dataset: Dataset,
    frames: list[bytes],
    syntax: str,
    folder: Path,
    *,
    fragments_per_frame: int = 1,
    has_table: bool = True,
    name: str = "compressed.dcm",
) -> Path:
    """Write a data set whose pixel data are these compressed frames, and return the file."""
    dataset = copy.deepcopy(dataset)
    dataset.file_meta.TransferSyntaxUID = UID(ANY_COMPRESSED)
    dataset.PixelData = encapsulate(
        frames, fragments_per_frame=fragments_per_frame, has_bot=has_table
    )
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    path.write_bytes(_with_syntax(path.read_bytes(), syntax))
    return path


def _with_syntax(data: bytes, syntax: str) -> bytes:
    """Put another transfer syntax into the meta header, whether pydicom knows it or not."""
    length = int.from_bytes(data[140:144], "little")
    meta, rest = data[144 : 144 + length], data[144 + length :]
    place = meta.index(b"\x02\x00\x10\x00UI")
    old = int.from_bytes(meta[place + 6 : place + 8], "little")
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    element = meta[place : place + 6] + len(uid).to_bytes(2, "little") + uid
    meta = meta[:place] + element + meta[place + 8 + old :]
    return data[:140] + len(meta).to_bytes(4, "little") + meta + rest


def noisy(rows: int, columns: int, bits: int, seed: int = 0) -> NDArray[Any]:
    """Return a smooth image with noise that uses all of `bits` bits, unsigned."""
    random = np.random.default_rng(seed)
    row, column = np.mgrid[:rows, :columns]
    most = (1 << bits) - 1
    ramp = (row + column) / (rows + columns) * most
    values = np.clip(ramp + random.normal(0, most / 50, ramp.shape), 0, most)
    values[0, 0], values[-1, -1] = 0, most
    return values.astype(np.uint8 if bits <= 8 else np.uint16)
