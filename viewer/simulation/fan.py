"""Fan-beam CT over a full turn: rays from a point source, and rebinning to parallel beams.

The ray of fan angle g in view b, whose source stands at R (sin b, -cos b), is the parallel ray of
angle b - g at the distance R sin g from the centre of rotation. Angles are shifted exactly, by the
Fourier transform along the views of a full turn; distances are interpolated with cubic splines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.interpolate

from viewer.simulation.kernels import FloatArray
from viewer.simulation.projection import ParallelBeam


@dataclass(frozen=True, slots=True)
class FanBeam:
    """A scanner with one row of detector channels, by default one of 50 cm field of view.

    It takes twice as many views over a full turn as the `ParallelBeam` it is used with has over
    half a turn, so every parallel ray is measured twice, from both ends.

    Attributes
    ----------
    source_mm : distance of the source from the centre of rotation.
    channels : detector channels of a view.
    pitch_mm : distance of neighbouring rays where they pass the centre of rotation.
    is_flat : channels lie evenly on a line and not on an arc around the source.
    """

    source_mm: float = 570.0
    channels: int = 888
    pitch_mm: float = 0.6
    is_flat: bool = False

    def fan_angles(self) -> FloatArray:
        """Angle of each channel's ray to the central one, radians, [channel]."""
        place = np.arange(self.channels) - (self.channels - 1) / 2
        across = place * self.pitch_mm / self.source_mm
        return np.asarray(np.arctan(across) if self.is_flat else across, np.float32)

    def offsets_mm(self) -> FloatArray:
        """Distance of each channel's ray from the centre of rotation, [channel]."""
        return np.asarray(self.source_mm * np.sin(self.fan_angles()), np.float32)

    def project(self, per_mm: FloatArray, beam: ParallelBeam, pixel_mm: float) -> FloatArray:
        """Line integrals of one slice along the rays of a full turn: [view, channel].

        Parameters
        ----------
        per_mm : linear attenuation [row, column]; what lies outside the fan is not seen.
        beam : its `views` are doubled.
        """
        half = beam.project(per_mm, pixel_mm)
        turn = np.concatenate((half, half[:, ::-1]))
        spectrum = 2.0 * scipy.fft.rfft(turn, axis=1)
        finer = np.asarray(scipy.fft.irfft(spectrum, n=2 * beam.detectors, axis=1), np.float32)
        first = beam.offsets()[0] * pixel_mm
        columns = (self.offsets_mm() - first) / (pixel_mm / 2)
        return _turned(finer @ _spline(columns, finer.shape[1]).T, -self.fan_angles())

    def rebinned(self, readings: FloatArray, beam: ParallelBeam, pixel_mm: float) -> FloatArray:
        """Line integrals along parallel rays over half a turn, [view, detector].

        Both readings of a ray are averaged. Where channels are closer than pixels, what is finer
        than the pixel is filtered out and not folded over.

        Parameters
        ----------
        readings : [view, channel] as `project` gives them, with or without noise.
        """
        times = max(int(np.ceil(pixel_mm / self.pitch_mm)), 1)
        aligned = _turned(readings, self.fan_angles())
        offsets = (beam.offsets()[0] + np.arange(times * beam.detectors) / times) * pixel_mm
        finer = aligned @ _spline(self._channels_at(offsets), self.channels).T
        spectrum = scipy.fft.rfft(finer, axis=1)[:, : beam.detectors // 2 + 1]
        turn = scipy.fft.irfft(spectrum, n=beam.detectors, axis=1) / times
        first, second = turn[: beam.views], turn[beam.views :]
        return np.asarray((first + second[:, ::-1]) / 2, np.float32)

    def _channels_at(self, offsets_mm: FloatArray) -> npt.NDArray[np.float64]:
        angle = np.arcsin(np.clip(offsets_mm / self.source_mm, -0.99, 0.99))
        across = np.tan(angle) if self.is_flat else angle
        return np.asarray(across * self.source_mm / self.pitch_mm + (self.channels - 1) / 2)


def _turned(views: FloatArray, by_rad: FloatArray) -> FloatArray:
    """Each column of a full turn [view, column], read at angles later by `by_rad` [column]."""
    spectrum = scipy.fft.rfft(views, axis=0)
    order = np.arange(len(spectrum))[:, None]
    phase = np.exp(1j * (order * by_rad[None, :])).astype(np.complex64)
    return np.asarray(scipy.fft.irfft(spectrum * phase, n=len(views), axis=0), np.float32)


def _spline(places: npt.NDArray[np.float64], count: int) -> FloatArray:
    """Cubic interpolation of `count` samples at `places`, [place, sample]; 0 outside of them."""
    inside = (places >= 0.0) & (places <= count - 1.0)
    matrix = np.zeros((len(places), count), np.float32)
    spline = scipy.interpolate.make_interp_spline(np.arange(count), np.eye(count), k=3)
    matrix[inside] = spline(places[inside])
    return matrix
