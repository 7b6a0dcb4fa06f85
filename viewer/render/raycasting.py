"""Ray casting off screen through VTK: the window, the mappers and their transfer functions.

Everything here belongs to the one thread that made it.
"""

import os
import sys
from collections.abc import Iterator

import numpy as np
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401 (registers the mappers)
from vtkmodules import vtkRenderingOpenGL2
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkObject, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolume import (
    vtkFixedPointVolumeRayCastMapper,
    vtkGPUVolumeRayCastMapper,
    vtkVolumeMapper,
)

from viewer.core.arrays import AnyArray, FloatArray, UInt8Array
from viewer.core.errors import NoVolumeRendering
from viewer.core.geometry import VolumeGeometry
from viewer.render.presets import Projection, VolumePreset
from viewer.render.sampling import image_data

vtkObject.GlobalWarningDisplayOff()

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")
"""Words in the name of an OpenGL renderer that runs on the processor."""

CROP_TO_BOX = 0x0002000
"""VTK's flag (VTK_CROP_SUBVOLUME) for keeping the inside of the six cropping planes."""


def offscreen_window() -> vtkRenderWindow:
    """Return a render window that needs no display.

    Raises
    ------
    NoVolumeRendering : neither EGL, OSMesa nor the system's own OpenGL gives a context.
    """
    for window in _windows():
        window.SetOffScreenRendering(True)
        window.SetMultiSamples(0)
        if window.SupportsOpenGL():
            return window
        window.Finalize()
    raise NoVolumeRendering(
        "Volume rendering needs OpenGL, and no OpenGL library was found.",
        "Slices, slabs and reformats work without it.",
        "On Debian or Ubuntu install libegl1 and libgl1-mesa-dri.",
    )


def _windows() -> Iterator[vtkRenderWindow]:
    """Yield the kinds of window to try, those without a display first."""
    if not sys.platform.startswith("linux"):
        yield vtkRenderWindow()
        return
    names = ["vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow"]
    if os.environ.get("DISPLAY"):
        names.append("vtkXOpenGLRenderWindow")
    for name in names:
        if kind := getattr(vtkRenderingOpenGL2, name, None):
            window: vtkRenderWindow = kind()
            yield window


def is_hardware(window: vtkRenderWindow) -> bool:
    """True when a graphics processor draws, not a software renderer such as llvmpipe."""
    lines = window.ReportCapabilities().lower().splitlines()
    renderers = [line for line in lines if "renderer string" in line]
    return bool(renderers) and not any(word in renderers[0] for word in SOFTWARE)


class Body:
    """One volume in the scene: its mapper, transfer functions and place in the patient."""

    def __init__(
        self,
        values: AnyArray,
        geometry: VolumeGeometry,
        steps: tuple[int, int, int],
        *,
        on_hardware: bool,
    ) -> None:
        """Place an array in LPS mm; nothing is copied.

        Each of its values stands for `steps` (slice, row, column) voxels of the grid.
        """
        image = image_data(values)
        sides = np.linalg.norm(geometry.affine[:3, :3], axis=0)
        self._sides = sides
        self._shape = np.asarray(geometry.shape)
        size = sides * np.asarray(steps)
        image.SetSpacing(*size[::-1].tolist())
        image.SetOrigin(*((size - sides) / 2)[::-1].tolist())
        mapper: vtkVolumeMapper
        if on_hardware:
            gpu = vtkGPUVolumeRayCastMapper()
            gpu.SetAutoAdjustSampleDistances(False)
            gpu.SetImageSampleDistance(1.0)
            mapper = gpu
        else:
            cpu = vtkFixedPointVolumeRayCastMapper()
            cpu.SetAutoAdjustSampleDistances(False)
            cpu.SetImageSampleDistance(1.0)
            mapper = cpu
        mapper.SetInputDataObject(image)
        mapper.SetSampleDistance(float(size.min()))
        self._mapper = mapper
        self._property = vtkVolumeProperty()
        self._property.SetInterpolationTypeToLinear()
        self._property.SetScalarOpacityUnitDistance(1.0)
        self._property.SetAmbient(0.3)
        self._property.SetDiffuse(0.9)
        self._property.SetSpecular(0.15)
        self._property.SetSpecularPower(12)
        self.actor = vtkVolume()
        self.actor.SetMapper(mapper)
        self.actor.SetProperty(self._property)
        self.actor.SetUserMatrix(_placed(geometry, sides))
        self._preset: VolumePreset | None = None
        self.has_light = False
        """True once the surfaces' directions are known, which takes seconds the first time."""

    def set_preset(self, preset: VolumePreset, low: float, high: float, *, is_lit: bool) -> None:
        """Use a preset's transfer functions; relative values lie between `low` and `high`."""
        is_lit = is_lit and preset.is_shaded
        self.has_light = self.has_light or is_lit
        self._property.SetShade(is_lit)
        if preset == self._preset:
            return
        self._preset = preset
        base, scale = (low, high - low) if preset.unit == "relative" else (0.0, 1.0)
        opacity, colour = vtkPiecewiseFunction(), vtkColorTransferFunction()
        for value, amount in preset.opacity:
            opacity.AddPoint(base + scale * value, amount)
        for value, red, green, blue in preset.colour:
            colour.AddRGBPoint(base + scale * value, red, green, blue)
        self._property.SetScalarOpacity(opacity)
        self._property.SetColor(colour)
        if preset.projection is Projection.MIP:
            self._mapper.SetBlendModeToMaximumIntensity()
        else:
            self._mapper.SetBlendModeToComposite()

    def set_crop(self, crop: tuple[tuple[float, float], ...]) -> None:
        """Keep the (slice, row, column) fractions (from, to) of the volume."""
        if all(low <= 0 and high >= 1 for low, high in crop):
            self._mapper.CroppingOff()
            return
        planes: list[float] = []
        for axis in (2, 1, 0):
            ends = np.asarray(crop[axis]) * self._shape[axis] - 0.5
            planes.extend(float(end) for end in ends.clip(-0.5, None) * self._sides[axis])
        self._mapper.SetCroppingRegionPlanes(*planes)
        self._mapper.SetCroppingRegionFlags(CROP_TO_BOX)
        self._mapper.CroppingOn()


def _placed(geometry: VolumeGeometry, sides: FloatArray) -> vtkMatrix4x4:
    """Return the map from (column, row, slice) millimetres to LPS mm; sheared for tilted grids."""
    place = np.eye(4)
    place[:3, :3] = (geometry.affine[:3, :3] / sides)[:, ::-1]
    place[:3, 3] = geometry.affine[:3, 3]
    matrix = vtkMatrix4x4()
    matrix.DeepCopy(place.ravel().tolist())
    return matrix


class Stage:
    """The off-screen window with its renderer and camera: bodies in, pictures out."""

    def __init__(self) -> None:
        """Open the window in the thread that will use it."""
        self._window = offscreen_window()
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(0, 0, 0)
        self._window.AddRenderer(self._renderer)
        self._window.Initialize()
        self.on_hardware = is_hardware(self._window)
        self._body: Body | None = None

    def show(self, body: Body) -> None:
        """Put one body on the stage in place of the one before."""
        if body is self._body:
            return
        if self._body is not None:
            self._renderer.RemoveVolume(self._body.actor)
        self._renderer.AddVolume(body.actor)
        self._body = body

    def look(
        self, centre_mm: FloatArray, eye_mm: FloatArray, up: FloatArray, half_height_mm: float
    ) -> None:
        """Look in parallel projection from the eye to the centre, `up` pointing up."""
        camera = self._renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetFocalPoint(*centre_mm.tolist())
        camera.SetPosition(*eye_mm.tolist())
        camera.SetViewUp(*up.tolist())
        camera.SetParallelScale(half_height_mm)
        self._renderer.ResetCameraClippingRange()

    def picture(self, width: int, height: int) -> UInt8Array:
        """Render and return BGRA, shape (height, width, 4), alpha 255."""
        self._window.SetSize(width, height)
        self._window.Render()
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        found: UInt8Array = vtk_to_numpy(pixels).reshape(height, width, 4)[::-1, :, [2, 1, 0, 3]]
        found[..., 3] = 255
        return found

    def close(self) -> None:
        """Give the context back, in the thread that opened it."""
        if self._body is not None:
            self._renderer.RemoveVolume(self._body.actor)
            self._body = None
        self._window.Finalize()
