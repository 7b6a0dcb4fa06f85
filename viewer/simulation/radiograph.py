"""Radiographs with known truth: line integrals, photons, the detector's blur and its noise.

Photons are Poisson; light spreads in the scintillator before it is read, which blurs image and
photon noise alike; the readout adds white electronic noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage

from viewer.simulation.kernels import FloatArray, radial_frequencies
from viewer.simulation.patches import PATCH
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.projection import attenuation

SIZE = 448
SLABS = 6
REGIONS = (Region.EXTREMITY, Region.CHEST, Region.PELVIS, Region.ABSTRACT)
REGION_SHARES = (0.30, 0.25, 0.15, 0.30)

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Detector:
    """A flat detector and how many photons reach it.

    Attributes
    ----------
    pixel_mm : pixel size, 0.1 to 0.2 mm.
    photons : detected photons of a pixel without a patient.
    half_per_mm : frequency at which the MTF is one half, cycles per mm; `inf` for no blur.
    electronic_sd : SD of the electronic noise in photons.
    """

    pixel_mm: float
    photons: float
    half_per_mm: float = 1.2
    electronic_sd: float = 4.0

    @classmethod
    def random(cls, rng: np.random.Generator) -> Detector:
        """Scintillators and exposures of daily work, down to a few photons behind the patient."""
        return cls(
            pixel_mm=float(rng.uniform(0.1, 0.2)),
            photons=float(np.exp(rng.uniform(np.log(400.0), np.log(4e4)))),
            half_per_mm=float(rng.uniform(0.9, 2.2)),
            electronic_sd=float(rng.uniform(1.0, 8.0)),
        )

    def transfer(self, frequency_per_mm: npt.ArrayLike) -> FloatArray:
        """MTF of the scintillator, 1 / (1 + (f / f_half)^2), same shape."""
        ratio = np.asarray(frequency_per_mm, np.float64) / self.half_per_mm
        return np.asarray(1.0 / (1.0 + ratio**2), np.float32)

    def expected(self, integrals: FloatArray) -> FloatArray:
        """Noise-free image in photons, blurred, [..., row, column] as the line integrals."""
        return self._blurred(np.asarray(self.photons * np.exp(-integrals), np.float32))

    def exposed(self, rng: np.random.Generator, integrals: FloatArray) -> FloatArray:
        """Noisy image in photons; its mean over draws is `expected`."""
        counts = rng.poisson(self.photons * np.exp(-integrals)).astype(np.float32)
        noise = self.electronic_sd * rng.standard_normal(counts.shape, dtype=np.float32)
        return np.asarray(self._blurred(counts) + noise, np.float32)

    def logarithm(self, image: FloatArray) -> FloatArray:
        """Line integrals that an image in photons stands for; less than half a photon counts so."""
        return np.asarray(-np.log(np.maximum(image, 0.5) / self.photons), np.float32)

    def _blurred(self, image: FloatArray) -> FloatArray:
        """Through the MTF; borders are mirrored."""
        if np.isinf(self.half_per_mm):
            return np.asarray(image, np.float32)
        margin = min(32, image.shape[-2] - 1, image.shape[-1] - 1)
        widths = [(0, 0)] * (image.ndim - 2) + [(margin, margin)] * 2
        padded = np.pad(image, widths, mode="reflect")
        size = padded.shape[-2:]
        response = self.transfer(radial_frequencies(size[0], size[1], self.pixel_mm))
        filtered = scipy.fft.irfft2(scipy.fft.rfft2(padded) * response, s=size)
        return np.asarray(filtered[..., margin:-margin, margin:-margin], np.float32)


def line_integrals(
    values_hu: FloatArray,
    spacing_mm: tuple[float, float, float],
    axis: int,
    pixel_mm: float | None = None,
) -> FloatArray:
    """Attenuation along one axis of a volume through parallel rays, dimensionless.

    Parameters
    ----------
    values_hu : [slice, row, column].
    spacing_mm : distance of slices, rows and columns.
    axis : 0 from head to foot, 1 from front to back, 2 from side to side. The picture's axes are
        the two that are left; with slices along its rows it stands with the last slice, which is
        nearest to the head, on top.
    pixel_mm : the picture is resampled to square pixels of this size; None leaves it.
    """
    total = attenuation(values_hu).sum(axis=axis) * np.float32(spacing_mm[axis])
    steps = [step for place, step in enumerate(spacing_mm) if place != axis]
    picture = total if axis == 0 else total[::-1]
    if pixel_mm is not None:
        zoom = [step / pixel_mm for step in steps]
        picture = scipy.ndimage.zoom(picture, zoom, order=3, mode="nearest", grid_mode=True)
    return np.asarray(np.maximum(picture, 0.0), np.float32)


def random_integrals(
    rng: np.random.Generator, region: Region, pixel_mm: float, thickness_mm: float
) -> FloatArray:
    """Line integrals of a person or pattern seen along z as slabs, [448, 448].

    Parameters
    ----------
    thickness_mm : of all slabs together; their edges are as sharp as the pixel.
    """
    apart = thickness_mm / SLABS
    reach = max(110.0 - SIZE * pixel_mm / 2, 0.0)
    centre = (float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)) * 0.6)
    sampling = Sampling(SLABS, SIZE, pixel_mm, apart, apart, centre_mm=centre)
    stack = random_stack(rng, region, sampling)
    return line_integrals(np.minimum(stack.values, 3000.0), (apart, pixel_mm, pixel_mm), 0)


def make_radiograph_patches(
    rng: np.random.Generator,
    count: int = 14,
    region: Region | None = None,
    detector: Detector | None = None,
) -> Arrays:
    """Expose one person or pattern to a detector (None draws one) and cut patches.

    Returns
    -------
    The first axis of every array counts patches. `clean` and `noisy` float32 [patch, 96, 96] in
    photons; `photons`, `half_per_mm`, `electronic_sd` and `pixel_mm` float32 [patch]: the detector.
    """
    detector = detector or Detector.random(rng)
    chosen = region or REGIONS[int(rng.choice(len(REGIONS), p=REGION_SHARES))]
    thickness = float(rng.uniform(40.0, 90.0) if chosen is Region.EXTREMITY else 150.0)
    integrals = random_integrals(rng, chosen, detector.pixel_mm, thickness)
    clean, noisy = detector.expected(integrals), detector.exposed(rng, integrals)
    corners = _corners(rng, clean / np.float32(detector.photons), count)
    windows = [np.s_[row : row + PATCH, column : column + PATCH] for row, column in corners]
    figures = ("photons", "half_per_mm", "electronic_sd", "pixel_mm")
    return {
        "clean": np.stack([clean[one] for one in windows]),
        "noisy": np.stack([noisy[one] for one in windows]),
        **{name: np.full(len(windows), getattr(detector, name), np.float32) for name in figures},
    }


def _corners(
    rng: np.random.Generator, transmitted: FloatArray, count: int
) -> list[tuple[int, int]]:
    """Upper left corners of `count` patches, of those beside the patient one in ten."""
    limit = len(transmitted) - PATCH
    found: list[tuple[int, int]] = []
    for _ in range(count * 8):
        if len(found) == count:
            break
        row, column = (int(place) for place in rng.integers(0, limit + 1, 2))
        seen = transmitted[row : row + PATCH, column : column + PATCH]
        if float(np.mean(seen < 0.9)) > 0.5 or rng.random() < 0.1:
            found.append((row, column))
    return found or [(limit // 2, limit // 2)]
