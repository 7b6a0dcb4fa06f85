"""What a view shows: its state, and the pure step from state to a request for pixels."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from viewer.core.arrays import FloatArray, Point
from viewer.core.geometry import VolumeGeometry, cross, orientation_letters, point, vector
from viewer.core.windowing import Window


class Plane(Enum):
    """Which plane of the volume a view shows."""

    ACQUIRED = "acquired"
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    OBLIQUE = "oblique"
    VOLUME = "volume"


class SlabMode(Enum):
    """How a slab becomes a plane."""

    MIP = "MIP"
    MINIP = "MinIP"
    MEAN = "mean"


class Interpolation(Enum):
    """How values between voxel centres are found."""

    NEAREST = "nearest"
    LINEAR = "linear"
    CUBIC = "cubic"


class Comparison(Enum):
    """How a view puts the original and the derived layer together."""

    NONE = "none"
    SWIPE = "swipe"
    FLICKER = "flicker"
    RESIDUAL = "residual"


ORIGINAL = "original"
"""Name of the layer of acquired pixels."""

AGAINST = -0.7
"""Cosine below which a reformat would scroll against the order of the acquired slices."""

_STANDARD: dict[Plane, tuple[Point, Point]] = {
    Plane.AXIAL: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    Plane.CORONAL: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    Plane.SAGITTAL: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the eye of a volume view stands, relative to the volume's centre.

    Turns about the head-foot axis (`azimuth_rad`), then up or down (`elevation_rad`); `zoom` is a
    factor; `pan_mm` moves the picture (right, down); `crop` are fractions (slice, row, column) x
    (from, to) of what is kept.
    """

    azimuth_rad: float = 0.0
    elevation_rad: float = 0.0
    zoom: float = 1.0
    preset: str = ""
    crop: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] = (
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
    )
    pan_mm: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ViewState:
    """Everything that decides a view's picture, apart from the voxel values.

    `part` is the key of the series part, None for an empty view. `focus_mm` is the point that
    the plane passes through. `zoom` is a factor on the fitted size (1 = the whole image fits) and
    `pan_mm` moves the picture (right, down) in millimetres of the plane. `rotation_rad` turns it
    clockwise after the flips. `axes` are the (right, down) unit vectors of an OBLIQUE plane.
    `slab_mm` 0 means a thin slice. `swipe` is the divider's place from 0 (left) to 1,
    `residual_range` a factor on the range of the residual's colours; `shows_spread` asks for the
    spread of the model over its pixels.
    """

    part: tuple[str, int] | None = None
    layer: str = ORIGINAL
    plane: Plane = Plane.ACQUIRED
    axes: tuple[Point, Point] | None = None
    focus_mm: Point = (0.0, 0.0, 0.0)
    zoom: float = 1.0
    pan_mm: tuple[float, float] = (0.0, 0.0)
    rotation_rad: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    window: Window | None = None
    is_inverted: bool = False
    colour_map: str = "grey"
    interpolation: Interpolation = Interpolation.LINEAR
    slab_mm: float = 0.0
    slab_mode: SlabMode = SlabMode.MIP
    comparison: Comparison = Comparison.NONE
    shows_spread: bool = False
    swipe: float = 0.5
    residual_range: float = 1.0
    camera: Camera = Camera()


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """One picture of a plane: where every output pixel lies and how its value becomes grey.

    The centre of output pixel (column i, row j) is ``origin_mm + i * right_mm + j * down_mm``.
    `slice_index` is set when the plane is one acquired slice, shown with its true position; then
    the values come from that slice alone. `normal` is the unit vector away from the reader.
    """

    origin_mm: Point
    right_mm: Point
    down_mm: Point
    normal: Point
    width: int
    height: int
    window: Window
    is_inverted: bool = False
    colour_map: str = "grey"
    interpolation: Interpolation = Interpolation.LINEAR
    slab_mm: float = 0.0
    slab_mode: SlabMode = SlabMode.MIP
    slice_index: int | None = None

    def to_mm(self, x: float, y: float) -> Point:
        """Map output pixel coordinates (centres on whole numbers) to LPS mm."""
        return point(vector(self.origin_mm) + x * vector(self.right_mm) + y * vector(self.down_mm))

    def to_pixel(self, mm: Point) -> tuple[float, float]:
        """Map a point in LPS mm to output pixel coordinates, projected along the normal."""
        offset = vector(mm) - vector(self.origin_mm)
        right, down = vector(self.right_mm), vector(self.down_mm)
        return (float(offset @ right / (right @ right)), float(offset @ down / (down @ down)))

    def distance_mm(self, mm: Point) -> float:
        """Signed distance of a point from the plane along the normal."""
        return float((vector(mm) - vector(self.origin_mm)) @ vector(self.normal))

    @property
    def mm_per_pixel(self) -> float:
        """Size of an output pixel in millimetres (or image units)."""
        return float(np.linalg.norm(self.right_mm))


def plane_axes(state: ViewState, geometry: VolumeGeometry) -> tuple[FloatArray, FloatArray]:
    """Return the (right, down) unit vectors of the plane, before rotation and flips."""
    if state.plane in _STANDARD and geometry.is_patient:
        right, down = _STANDARD[state.plane]
        return (vector(right), vector(down))
    if state.plane is Plane.OBLIQUE and state.axes is not None:
        return (vector(state.axes[0]), vector(state.axes[1]))
    return (geometry.row_direction, geometry.column_direction)


def screen_axes(state: ViewState, geometry: VolumeGeometry) -> tuple[FloatArray, FloatArray]:
    """Return the unit vectors to the right and downwards on the screen, flips and turn included."""
    right, down = plane_axes(state, geometry)
    if state.flip_horizontal:
        right = -right
    if state.flip_vertical:
        down = -down
    cosine, sine = np.cos(state.rotation_rad), np.sin(state.rotation_rad)
    return (cosine * right - sine * down, sine * right + cosine * down)


def plane_normal(state: ViewState, geometry: VolumeGeometry) -> FloatArray:
    """Unit normal of the plane in the scroll direction; unaffected by flips and rotation.

    A reformat along the acquired slices scrolls and counts as they do, not against them.
    """
    if state.plane is Plane.ACQUIRED:
        return geometry.normal
    right, down = plane_axes(state, geometry)
    normal = cross(right, down)
    return -normal if float(normal @ geometry.normal) < AGAINST else normal


def extent_mm(axis: FloatArray, geometry: VolumeGeometry) -> tuple[float, float]:
    """Return the lowest and highest coordinate of the volume's corners along a unit vector."""
    along = geometry.corners_mm() @ axis
    return (float(along.min()), float(along.max()))


def plane_corners_mm(state: ViewState, geometry: VolumeGeometry) -> FloatArray:
    """Return the corners of what the plane can show: the slice's own, or the volume's, (n, 3)."""
    if state.plane is not Plane.ACQUIRED:
        return geometry.corners_mm()
    origin = geometry.slice_origin_mm(geometry.slice_of(state.focus_mm))
    row, column = geometry.affine[:3, 1], geometry.affine[:3, 2]
    rows, columns = geometry.shape[1] - 0.5, geometry.shape[2] - 0.5
    ends = ((-0.5, -0.5), (-0.5, columns), (rows, -0.5), (rows, columns))
    return np.stack([origin + r * row + c * column for r, c in ends])


def resolve(
    state: ViewState, geometry: VolumeGeometry, size: tuple[int, int], window: Window
) -> SliceRequest:
    """Return the request for a view of `size` (width, height) pixels.

    Pixels are square on the screen whatever the voxels are; at zoom 1 the whole image fits.
    `window` is used when the state has none.
    """
    width, height = max(size[0], 1), max(size[1], 1)
    right, down = screen_axes(state, geometry)
    corners = plane_corners_mm(state, geometry)
    across, along = corners @ right, corners @ down
    fitted = max(np.ptp(across) / width, np.ptp(along) / height, 1e-9)
    step = float(fitted / state.zoom)
    normal = plane_normal(state, geometry)
    focus = vector(state.focus_mm)
    index = geometry.slice_of(state.focus_mm) if state.plane is Plane.ACQUIRED else None
    depth = focus if index is None else geometry.slice_origin_mm(index)
    centre = (
        right * ((across.min() + across.max()) / 2 - state.pan_mm[0])
        + down * ((along.min() + along.max()) / 2 - state.pan_mm[1])
        + normal * float(depth @ normal)
    )
    origin = centre - right * step * (width - 1) / 2 - down * step * (height - 1) / 2
    return SliceRequest(
        origin_mm=point(origin),
        right_mm=point(right * step),
        down_mm=point(down * step),
        normal=point(normal),
        width=width,
        height=height,
        window=state.window or window,
        is_inverted=state.is_inverted,
        colour_map=state.colour_map,
        interpolation=state.interpolation,
        slab_mm=state.slab_mm,
        slab_mode=state.slab_mode,
        slice_index=index if state.slab_mm <= 0 else None,
    )


def edge_letters(
    state: ViewState, geometry: VolumeGeometry, patient_orientation: tuple[str, ...] = ()
) -> tuple[str, str, str, str] | None:
    """Return the letters at the (left, top, right, bottom) edges, or None: never invented.

    Without patient geometry they come from Patient Orientation (0020,0020): the direction of the
    rows (towards the right edge), then of the columns (towards the bottom), turned with the view.
    """
    right, down = screen_axes(state, geometry)
    if geometry.is_patient:
        quadruped = geometry.is_quadruped
        return (
            orientation_letters(-right, is_quadruped=quadruped),
            orientation_letters(-down, is_quadruped=quadruped),
            orientation_letters(right, is_quadruped=quadruped),
            orientation_letters(down, is_quadruped=quadruped),
        )
    if len(patient_orientation) != 2 or not all(patient_orientation):
        return None
    ends = (patient_orientation[0], patient_orientation[1])
    named = [_letters_towards(axis, ends) for axis in (-right, -down, right, down)]
    return (named[0], named[1], named[2], named[3]) if all(named) else None


_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_OPPOSITE |= {"LE": "RT", "RT": "LE", "D": "V", "V": "D", "CR": "CD", "CD": "CR"}


def opposite_letters(letters: str) -> str:
    """Return the other end of a Patient Orientation value, such as "PF" for "AH"."""
    if letters in _OPPOSITE:
        return _OPPOSITE[letters]
    return "".join(_OPPOSITE.get(letter, "") for letter in letters)


def _letters_towards(axis: FloatArray, ends: tuple[str, str]) -> str:
    """Name the end of the image's own axes that a screen axis points to; "" when slanted."""
    for component, name in zip((axis[0], axis[1]), ends, strict=True):
        if abs(component) > 0.95:
            return name if component > 0 else opposite_letters(name)
    return ""


def scroll_step_mm(state: ViewState, geometry: VolumeGeometry) -> float:
    """Return the distance from one slice to the next along the plane's normal."""
    if state.plane is Plane.ACQUIRED:
        return geometry.spacing_mm[0]
    normal = plane_normal(state, geometry)
    index_normal = geometry.affine[:3, :3].T @ normal
    axis = int(np.argmax(np.abs(index_normal)))
    return float(max(abs(index_normal[axis]), min(geometry.spacing_mm)))


def scrolled(state: ViewState, geometry: VolumeGeometry, steps: int) -> ViewState:
    """Return the state `steps` slices further, stopping at the first and last slice.

    A reformat arrives at the middle of a slice, so that its values are voxels and not mixtures of
    two neighbours.
    """
    count = slice_count(state, geometry)
    number = int(np.clip(slice_number(state, geometry) + steps, 1, count))
    if state.plane is Plane.ACQUIRED:
        return replace(state, focus_mm=geometry.on_slice(state.focus_mm, number - 1))
    normal = plane_normal(state, geometry)
    low, high = extent_mm(normal, geometry)
    middle = min(low + (number - 0.5) * scroll_step_mm(state, geometry), high)
    focus = vector(state.focus_mm)
    return replace(state, focus_mm=point(focus + (middle - float(focus @ normal)) * normal))


def slice_count(state: ViewState, geometry: VolumeGeometry) -> int:
    """Return how many slices scrolling passes through."""
    if state.plane is Plane.ACQUIRED:
        return geometry.shape[0]
    low, high = extent_mm(plane_normal(state, geometry), geometry)
    return max(1, round((high - low) / scroll_step_mm(state, geometry)))


def slice_number(state: ViewState, geometry: VolumeGeometry) -> int:
    """Return the number of the slice shown, counted from 1."""
    if state.plane is Plane.ACQUIRED:
        return geometry.slice_of(state.focus_mm) + 1
    normal = plane_normal(state, geometry)
    low, _ = extent_mm(normal, geometry)
    here = float(vector(state.focus_mm) @ normal) - low
    return int(
        np.clip(
            np.floor(here / scroll_step_mm(state, geometry) + 1e-6) + 1,
            1,
            slice_count(state, geometry),
        )
    )


def at_slice(state: ViewState, geometry: VolumeGeometry, number: int) -> ViewState:
    """Return the state at slice `number`, counted from 1."""
    return scrolled(state, geometry, number - slice_number(state, geometry))


def zoomed(state: ViewState, factor: float) -> ViewState:
    """Return the state with the zoom multiplied, kept between 0.05 and 60."""
    return replace(state, zoom=float(np.clip(state.zoom * factor, 0.05, 60)))


def panned(state: ViewState, request: SliceRequest, right: float, down: float) -> ViewState:
    """Return the state after moving the picture by screen pixels."""
    step = request.mm_per_pixel
    return replace(state, pan_mm=(state.pan_mm[0] + right * step, state.pan_mm[1] + down * step))


def tilted_plane(
    state: ViewState, geometry: VolumeGeometry, axis: Point, angle_rad: float
) -> ViewState:
    """Return the view turned about a direction through its focus, as an oblique plane."""
    k = vector(axis) / np.linalg.norm(axis)
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)

    def turn(v: FloatArray) -> Point:
        turned = v * cosine + cross(k, v) * sine + k * float(k @ v) * (1 - cosine)
        return point(np.asarray(turned / np.linalg.norm(turned)))

    right, down = plane_axes(state, geometry)
    return replace(state, plane=Plane.OBLIQUE, axes=(turn(right), turn(down)))


def reset(state: ViewState) -> ViewState:
    """Return the state with zoom, pan, turn, flips, slab, colours and window as at the start."""
    return replace(
        state,
        zoom=1.0,
        pan_mm=(0.0, 0.0),
        rotation_rad=0.0,
        flip_horizontal=False,
        flip_vertical=False,
        window=None,
        is_inverted=False,
        colour_map="grey",
        slab_mm=0.0,
        residual_range=1.0,
        camera=Camera(preset=state.camera.preset),
    )
