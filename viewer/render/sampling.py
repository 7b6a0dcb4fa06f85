"""Values of a voxel array on a plane, through VTK's imaging pipeline; loads VTK when imported."""

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkObject
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from viewer.core.arrays import AnyArray, FloatArray
from viewer.core.view import Interpolation, SlabMode
from viewer.render.grid import IndexPlane

# What VTK cannot do is said in our own errors; its console is not the reader's.
vtkObject.GlobalWarningDisplayOff()

VTK_FLOAT = 10
"""VTK's number for float32 scalars (vtkType.h)."""


def image_data(values: AnyArray) -> vtkImageData:
    """Wrap an array [slice, row, column(, channel)] for VTK: unit spacing, nothing is copied.

    The image keeps the array alive. It may be read-only; VTK only reads its inputs.
    """
    image = vtkImageData()
    slices, rows, columns = values.shape[:3]
    image.SetDimensions(columns, rows, slices)
    flat = values.reshape(-1, *values.shape[3:])
    image.GetPointData().SetScalars(numpy_to_vtk(flat, deep=False))
    return image


def sample(
    values: AnyArray, plane: IndexPlane, interpolation: Interpolation, *, as_float: bool = False
) -> AnyArray:
    """Return the values on a plane given in index space, shape (height, width(, channel)).

    The array's own type is kept (rounded to the nearest whole number, clipped) unless `as_float`.
    The outermost half voxel is filled with the outermost value; beyond it the result is 0. Safe
    to call from several threads at once; the computation does not hold the interpreter's lock.
    """
    reslice = _reslice(values, plane, _third_axis(plane), interpolation)
    if as_float:
        reslice.SetOutputScalarType(VTK_FLOAT)
    return _found(reslice, values, plane)


def sample_slab(
    values: AnyArray,
    plane: IndexPlane,
    step: FloatArray,
    count: int,
    interpolation: Interpolation,
    mode: SlabMode,
) -> AnyArray:
    """Return the projection of `count` planes centred on a plane, each an index `step` apart.

    Planes count only where they are inside the array; 0 where none is.
    """
    reslice = _reslice(values, plane, step, interpolation)
    reslice.SetSlabNumberOfSlices(count)
    if mode is SlabMode.MIP:
        reslice.SetSlabModeToMax()
    elif mode is SlabMode.MINIP:
        reslice.SetSlabModeToMin()
    else:
        reslice.SetSlabModeToMean()
    return _found(reslice, values, plane)


def _reslice(
    values: AnyArray, plane: IndexPlane, third: FloatArray, interpolation: Interpolation
) -> vtkImageReslice:
    """Return VTK's filter for a plane given in index space."""
    matrix = np.eye(4)
    for column, axis in enumerate((plane.right, plane.down, third, plane.origin)):
        matrix[:3, column] = axis[::-1]
    axes = vtkMatrix4x4()
    axes.DeepCopy(matrix.ravel().tolist())
    reslice = vtkImageReslice()
    reslice.SetInputData(image_data(values))
    reslice.SetResliceAxes(axes)
    reslice.SetOutputExtent(0, plane.width - 1, 0, plane.height - 1, 0, 0)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputOrigin(0, 0, 0)
    if interpolation is Interpolation.NEAREST:
        reslice.SetInterpolationModeToNearestNeighbor()
    elif interpolation is Interpolation.LINEAR:
        reslice.SetInterpolationModeToLinear()
    else:
        reslice.SetInterpolationModeToCubic()
    return reslice


def _found(reslice: vtkImageReslice, values: AnyArray, plane: IndexPlane) -> AnyArray:
    reslice.Update()
    found: AnyArray = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars())
    return found.reshape(plane.height, plane.width, *values.shape[3:])


def _third_axis(plane: IndexPlane) -> FloatArray:
    """Return an axis out of the plane.

    Where the plane follows the grid it completes a permutation, which VTK takes several times
    faster.
    """
    normal = np.cross(plane.right, plane.down)
    return np.asarray(normal / np.linalg.norm(normal))
