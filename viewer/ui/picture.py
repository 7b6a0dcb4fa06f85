"""What a view shows, as plain values: pixels with their label, and everything drawn above them.

Places are in view pixels (device-independent, origin at the view's top left); pixel arrays are in
device pixels.
"""

from dataclasses import dataclass
from enum import Enum

from viewer.core.arrays import UInt8Array
from viewer.core.measurement import MeasurementKind
from viewer.core.provenance import Label

Place = tuple[float, float]
"""(x, y) in view pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Pixels of one layer with the label that travels with them.

    `values` is uint8, [row, column, 4] BGRA (opaque) or [row, column] grey, in device pixels; it
    is stretched to the view when its size differs. `caption` is drawn in grey in the label's
    place where there is no label ("Original"). `room_for` keeps the room of a label that is not
    shown now, so that nothing moves while the key for the original is held.
    """

    values: UInt8Array
    label: Label | None = None
    caption: str = ""
    room_for: Label | None = None


@dataclass(frozen=True, slots=True)
class CornerText:
    """Lines of text in the four corners, the first line on top.

    Where there is little room the top corners keep their first lines, the bottom corners their
    last ones.
    """

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """Length of a view pixel in `unit`: "mm", or "px" where no spacing is known."""

    per_pixel: float
    unit: str = "mm"
    note: str = ""


@dataclass(frozen=True, slots=True)
class ColourBar:
    """What the colours of a map mean: values `low` to `high` in `unit`.

    `words` are lines that are never left out beside the bar.
    """

    low: float
    high: float
    unit: str
    colour_map: str = "residual"
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """A measurement on this view.

    `points` in view pixels: ends, or corner-vertex-corner of an angle, or (tip, tail) of an
    arrow. A rectangle or ellipse has two opposite corners, or all four in order when turned.
    """

    kind: MeasurementKind
    points: tuple[Place, ...]
    lines: tuple[str, ...] = ()
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """Where another view's plane cuts this one."""

    start: Place
    end: Place
    text: str = ""
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class CrosshairLine:
    """One plane seen edge-on: its direction clockwise from the x axis, and the plane's name."""

    angle_rad: float
    plane: str


@dataclass(frozen=True, slots=True)
class Crosshair:
    """The shared point and the lines through it; `handles` are for turning the planes."""

    centre: Place
    lines: tuple[CrosshairLine, ...]
    has_handles: bool = False


class LinkState(Enum):
    """Whether this view follows the others."""

    LINKED = "linked"
    OFFSET = "offset"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LinkMark:
    """The chain on a view, with words such as "+12.5 mm, set by you"."""

    state: LinkState
    text: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Work that this view waits for: a thin line, and words once it takes long.

    `fraction` is 0 to 1, or None when it is not known.
    """

    fraction: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A message instead of an image; `severity` is "hint", "warning" or "error"."""

    title: str
    text: str = ""
    severity: str = "hint"


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that one view shows.

    `right` is the second layer of a swipe: it fills the view from the `divider` (0 to 1 of the
    width) on, `pixels` what is left of it. `mark` is pointed at for a moment. `alert` is an
    error-coloured line such as "Another patient than in view 1".
    """

    pixels: Pixels | None = None
    right: Pixels | None = None
    divider: float = 0.5
    corners: CornerText = CornerText()
    letters: tuple[str, str, str, str] | None = None
    scale: ScaleBar | None = None
    colour_bar: ColourBar | None = None
    shapes: tuple[Shape, ...] = ()
    reference_lines: tuple[ReferenceLine, ...] = ()
    crosshair: Crosshair | None = None
    mark: Place | None = None
    alert: str = ""
    warnings: tuple[str, ...] = ()
    link: LinkMark | None = None
    wait: Wait | None = None
    tile: Tile | None = None
    region: tuple[Place, Place] | None = None
    is_active: bool = False
