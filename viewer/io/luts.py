"""Look-up tables of a file: modality LUT, VOI LUTs and palettes, and the default polarity."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from viewer.core.arrays import AnyArray, UInt8Array
from viewer.core.errors import BadHeader
from viewer.core.study import FrameSource, Instance
from viewer.core.windowing import LookupTable, Window, WindowFunction

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MOST_ENTRIES = 1 << 16
_PALETTES = ("Red", "Green", "Blue")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Unsigned entries for input values from `first` on, ends extended; `bits` wide.

    Source: DICOM PS3.3 C.11.1.1 and C.11.2.1.1.
    """

    first: int
    entries: npt.NDArray[np.uint16]
    bits: int

    def look_up(self, values: AnyArray) -> AnyArray:
        """Return the entries for integer values of any shape."""
        where = np.clip(values.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[where]


def table_of(dataset: "Dataset", name: str, *, is_signed: bool, is_big: bool = False) -> Table:
    """Read the table whose attributes begin with `name` ("LUT", "RedPaletteColorLookupTable").

    The number of entries 0 means 65,536. The first input value is signed when `is_signed` or
    when the file says so; entries are always unsigned, given as words, as bytes or as numbers.

    Raises
    ------
    BadHeader : descriptor or data are missing, or the data is too short.
    """
    from viewer.io.attributes import value_of

    descriptor = value_of(dataset, f"{name}Descriptor")
    data = value_of(dataset, f"{name}Data")
    if descriptor is None or data is None or len(descriptor) != 3:
        raise BadHeader("A look-up table in the header has no descriptor or no data.")
    count = (int(descriptor[0]) & 0xFFFF) or _MOST_ENTRIES
    first, bits = int(descriptor[1]), int(descriptor[2])
    if is_signed and first > 0x7FFF:
        first -= 0x10000
    entries = _entries(data, count, is_big=is_big)
    if len(entries) < count or not 1 <= bits <= 16:
        raise BadHeader(f"A look-up table has {len(entries)} entries where {count} are promised.")
    return Table(first, entries[:count], bits)


def _entries(data: Any, count: int, *, is_big: bool) -> npt.NDArray[np.uint16]:
    if not isinstance(data, bytes):
        numbers = [data] if isinstance(data, int) else list(data)
        return (np.asarray(numbers, dtype=np.int64) & 0xFFFF).astype(np.uint16)
    if len(data) < 2 * count:
        # 8-bit entries, two in a word.
        packed = np.frombuffer(data, dtype=np.uint8)
        if is_big and len(packed) % 2 == 0:
            packed = packed.reshape(-1, 2)[:, ::-1].reshape(-1)
        return packed.astype(np.uint16)
    return np.frombuffer(data[: len(data) // 2 * 2], dtype=">u2" if is_big else "<u2").astype(
        np.uint16
    )


def modality_table(instance: Instance) -> tuple[Table, str]:
    """Return the modality LUT of an image and the unit it states ("stored" when unspecified).

    Source: DICOM PS3.3 C.11.1.
    """
    from viewer.io.attributes import attributes, items_of, value_of

    dataset = attributes(instance.path, ("ModalityLUTSequence",), instance.transfer_syntax_uid)
    items = items_of(dataset, "ModalityLUTSequence")
    if not items:
        raise BadHeader("The modality look-up table in the header cannot be read.")
    table = table_of(items[0], "LUT", is_signed=_is_signed(instance), is_big=_is_big(dataset))
    unit = str(value_of(items[0], "ModalityLUTType") or "US").strip()
    return table, ("stored" if unit == "US" else unit)


def voi_tables(source: FrameSource) -> tuple[Window, ...]:
    """Return the VOI LUTs of an image as windows of function TABLE, in the order of the file.

    Their input is modality values. Where the rescale gives negative values, a first input of
    32,768 or more is read as negative, although Pixel Representation says unsigned.

    Source: DICOM PS3.3 C.11.2.1.1.
    """
    instance, facts = source.instance, source.facts
    if not instance.has_voi_lut:
        return ()
    from viewer.io.attributes import attributes, items_of, value_of

    dataset = attributes(instance.path, ("VOILUTSequence",), instance.transfer_syntax_uid)
    is_signed = _is_signed(instance) or facts.intercept < 0
    windows = []
    for number, item in enumerate(items_of(dataset, "VOILUTSequence"), start=1):
        table = table_of(item, "LUT", is_signed=is_signed, is_big=_is_big(dataset))
        words = str(value_of(item, "LUTExplanation") or "").strip()
        windows.append(_as_window(table, words or f"VOI LUT {number}"))
    return tuple(windows)


def _as_window(table: Table, name: str) -> Window:
    """Scale the entries from their own depth to grey levels."""
    most = (1 << table.bits) - 1
    levels = np.rint(np.minimum(table.entries, most) * (255.0 / most)).astype(np.uint8)
    count = len(levels)
    return Window(
        centre=table.first + count / 2,
        width=float(max(count, 1)),
        function=WindowFunction.TABLE,
        name=name,
        table=LookupTable(float(table.first), levels.tobytes()),
    )


def palette_of(instance: Instance) -> tuple[int, UInt8Array]:
    """Return the palette of a PALETTE COLOR image: its first input and RGB levels (entries, 3).

    16-bit entries are reduced to their high byte; a palette that states 16 bits and holds no
    entry above 255 is taken as 8 bits. Segmented palettes are expanded.

    Source: DICOM PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9.2.
    """
    from viewer.io.attributes import attributes

    names = [f"{colour}PaletteColorLookupTable" for colour in _PALETTES]
    keywords = tuple(
        keyword
        for name, colour in zip(names, _PALETTES, strict=True)
        for keyword in (
            f"{name}Descriptor",
            f"{name}Data",
            f"Segmented{colour}PaletteColorLookupTableData",
        )
    )
    dataset = attributes(instance.path, keywords, instance.transfer_syntax_uid)
    is_big = _is_big(dataset)
    tables = [
        _segmented(dataset, colour, is_big=is_big)
        if f"{name}Data" not in dataset
        else table_of(dataset, name, is_signed=_is_signed(instance), is_big=is_big)
        for name, colour in zip(names, _PALETTES, strict=True)
    ]
    count = min(len(table.entries) for table in tables)
    entries = np.stack([table.entries[:count] for table in tables], axis=1)
    is_wide = max(table.bits for table in tables) > 8 and int(entries.max()) > 255
    levels = entries >> 8 if is_wide else np.minimum(entries, 255)
    return tables[0].first, levels.astype(np.uint8)


def _segmented(dataset: "Dataset", colour: str, *, is_big: bool) -> Table:
    """Expand a segmented palette. Source: DICOM PS3.3 C.7.9.2."""
    from viewer.io.attributes import value_of

    descriptor = value_of(dataset, f"{colour}PaletteColorLookupTableDescriptor")
    data = value_of(dataset, f"Segmented{colour}PaletteColorLookupTableData")
    if descriptor is None or not isinstance(data, bytes) or len(descriptor) != 3:
        raise BadHeader("The palette of a colour image is missing.")
    count = (int(descriptor[0]) & 0xFFFF) or _MOST_ENTRIES
    bits = int(descriptor[2])
    wide = (">u2" if is_big else "<u2") if bits > 8 else "u1"
    codes = np.frombuffer(data[: len(data) // 2 * 2], dtype=wide).astype(int).tolist()
    entries = _expanded(codes, count)
    if len(entries) < count:
        raise BadHeader(f"A palette has {len(entries)} entries where {count} are promised.")
    return Table(int(descriptor[1]), np.asarray(entries[:count], dtype=np.uint16), bits)


def _expanded(codes: list[int], count: int) -> list[int]:
    """Run the segments: 0 discrete, 1 linear (from the last entry), 2 repeats earlier bytes."""
    entries: list[int] = []
    place = 0
    while place + 2 <= len(codes) and len(entries) < count:
        kind, length = codes[place], codes[place + 1]
        if kind == 0:
            entries += codes[place + 2 : place + 2 + length]
            place += 2 + length
        elif kind == 1 and entries and place + 3 <= len(codes):
            ramp = np.linspace(entries[-1], codes[place + 2], length + 1)[1:]
            entries += [int(value) for value in np.rint(ramp)]
            place += 3
        else:
            raise BadHeader("A segmented palette is coded in a way that is not read.")
    return entries


class InstanceTables:
    """Palettes and modality LUTs of the files of a part, each read once."""

    def __init__(self, *, has_modality_table: bool) -> None:
        """Without `has_modality_table` the rescale counts."""
        self.has_modality_table = has_modality_table
        self._palettes: dict[str, tuple[int, UInt8Array]] = {}
        self._tables: dict[str, Table] = {}

    def palette(self, instance: Instance) -> tuple[int, UInt8Array]:
        """Return the palette of an image; see `palette_of`."""
        if instance.path not in self._palettes:
            self._palettes[instance.path] = palette_of(instance)
        return self._palettes[instance.path]

    def table(self, instance: Instance) -> Table | None:
        """Return the modality LUT of an image, None where the rescale counts."""
        if not (self.has_modality_table and instance.has_modality_lut):
            return None
        if instance.path not in self._tables:
            self._tables[instance.path] = modality_table(instance)[0]
        return self._tables[instance.path]


def is_inverted(instance: Instance) -> bool:
    """True when low values are shown bright: MONOCHROME1, or Presentation LUT Shape INVERSE.

    Both together say the same thing and do not cancel. Source: DICOM PS3.3 C.7.6.3.1.2 and
    C.11.6.1.
    """
    is_monochrome1 = instance.pixels is not None and instance.pixels.photometric == "MONOCHROME1"
    return is_monochrome1 or instance.is_presentation_inverse


def _is_signed(instance: Instance) -> bool:
    return instance.pixels is not None and instance.pixels.is_signed


def _is_big(dataset: "Dataset") -> bool:
    """True when words are big endian in the file."""
    return dataset.original_encoding[1] is False
