"""Values of a voxel array on a plane, through VTK's imaging pipeline; loads VTK when imported."""

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkObject
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from viewer.core.arrays import AnyArray, FloatArray
from viewer.core.view import Interpolation
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
    reslice = vtkImageReslice()
    reslice.SetInputData(image_data(values))
    reslice.SetResliceAxes(_axes_matrix(plane))
    reslice.SetOutputExtent(0, plane.width - 1, 0, plane.height - 1, 0, 0)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputOrigin(0, 0, 0)
    if interpolation is Interpolation.NEAREST:
        reslice.SetInterpolationModeToNearestNeighbor()
    elif interpolation is Interpolation.LINEAR:
        reslice.SetInterpolationModeToLinear()
    else:
        reslice.SetInterpolationModeToCubic()
    if as_float:
        reslice.SetOutputScalarType(VTK_FLOAT)
    reslice.Update()
    found: AnyArray = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars())
    return found.reshape(plane.height, plane.width, *values.shape[3:])


def _axes_matrix(plane: IndexPlane) -> vtkMatrix4x4:
    """Return the map from output pixels to VTK's (column, row, slice) coordinates.

    Where the plane follows the grid the third axis completes a permutation, which VTK takes
    several times faster.
    """
    right, down = plane.right[::-1], plane.down[::-1]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = right, down, _third_axis(right, down)
    matrix[:3, 3] = plane.origin[::-1]
    axes = vtkMatrix4x4()
    axes.DeepCopy(matrix.ravel().tolist())
    return axes


def _third_axis(right: FloatArray, down: FloatArray) -> FloatArray:
    normal = np.cross(right, down)
    return np.asarray(normal / np.linalg.norm(normal))
