"""Classical filters as honest baselines, slice by slice, in millimetres and noise SDs.

Every function takes one slice [row, column] float32 in modality units and returns its filtered
copy. Lengths are physical, so that a filter does the same to two reconstructions of one scan, and
thresholds are multiples of the measured noise SD. Padding never bleeds into the image: it is
replaced by the nearest real pixel before filtering and its residual is 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.core.arrays import BoolArray
from viewer.core.provenance import MethodKind
from viewer.enhancement.method import (
    Effect,
    Float32Array,
    Method,
    Parameter,
    Region,
    Settings,
    SourceSlices,
)

VERSION = "1"
SAMPLED_PIXELS = 200_000
MARGIN = 32
WAVELET = "sym8"
GLOBAL = frozenset({"tv", "wavelet", "clahe"})
"""Filters whose answer at a pixel depends on the whole slice: a part is cut from the whole."""


@dataclass(frozen=True, slots=True)
class SliceFacts:
    """What a filter is told beside the pixels.

    `spacing_mm` is (row, column); `noise_sd` the noise of this slice and `value_range` the low
    and high grey value of the whole volume (0.5 and 99.5 percentile), both in modality units.
    """

    spacing_mm: tuple[float, float]
    noise_sd: float
    value_range: tuple[float, float]


SliceFilter = Callable[[Float32Array, SliceFacts, Mapping[str, float]], Float32Array]


def gaussian(image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]) -> Float32Array:
    """Smoothed copy; `sigma_mm` is the SD of the Gaussian."""
    sigma = tuple(settings["sigma_mm"] / step for step in facts.spacing_mm)
    return _float32(ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3.0))


def bilateral(
    image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]
) -> Float32Array:
    """Edge-keeping mean over `sigma_mm` of values within `range_sd` noise SDs.

    Source: Tomasi and Manduchi, ICCV 1998; SimpleITK `Bilateral`.
    """
    import SimpleITK

    width = settings["range_sd"] * facts.noise_sd
    if width <= 0:
        return image
    picture = SimpleITK.GetImageFromArray(image)
    picture.SetSpacing((facts.spacing_mm[1], facts.spacing_mm[0]))
    answer = SimpleITK.Bilateral(picture, settings["sigma_mm"], width, 200)
    return _float32(SimpleITK.GetArrayFromImage(answer))


def non_local_means(
    image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]
) -> Float32Array:
    """Mean over similar patches within `search_mm`; `cutoff_sd` noise SDs is the filter's h.

    Source: Buades et al., CVPR 2005, in the fast form of Darbon et al., ISBI 2008 (scikit-image).
    """
    from skimage.restoration import denoise_nl_means

    if facts.noise_sd <= 0:
        return image
    step = min(facts.spacing_mm)
    distance = int(np.clip(round(settings["search_mm"] / step), 2, 8))
    return _float32(
        denoise_nl_means(
            image,
            patch_size=5,
            patch_distance=distance,
            h=settings["cutoff_sd"] * facts.noise_sd,
            fast_mode=True,
            sigma=facts.noise_sd,
        )
    )


def total_variation(
    image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]
) -> Float32Array:
    """Slice with less total variation; `weight_sd` noise SDs balance it against fidelity.

    Source: Chambolle, J. Math. Imaging Vision 2004 (scikit-image).
    """
    from skimage.restoration import denoise_tv_chambolle

    if facts.noise_sd <= 0:
        return image
    scaled = image / np.float32(facts.noise_sd)
    smooth = denoise_tv_chambolle(scaled, weight=settings["weight_sd"], eps=1e-4, max_num_iter=40)
    return _float32(smooth * facts.noise_sd)


def wavelet(image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]) -> Float32Array:
    """Soft-shrunk symlet-8 coefficients; `noise_factor` scales the noise SD.

    Three levels, fewer where the image is too small for them to be more than border; an image
    that is smaller than one stays as it is.

    Source: BayesShrink, Chang et al., IEEE TIP 2000 (scikit-image on PyWavelets).
    """
    import pywt
    from skimage.restoration import denoise_wavelet

    levels = min(3, pywt.dwtn_max_level(image.shape, WAVELET))
    if facts.noise_sd <= 0 or levels < 1:
        return image
    scale = np.float32(facts.noise_sd)
    answer = denoise_wavelet(
        image / scale,
        sigma=settings["noise_factor"],
        wavelet=WAVELET,
        mode="soft",
        wavelet_levels=levels,
        method="BayesShrink",
        rescale_sigma=False,
    )
    return _float32(answer * scale)


def unsharp_mask(
    image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]
) -> Float32Array:
    """Image plus `amount` times its difference from a Gaussian of `sigma_mm`."""
    smooth = gaussian(image, facts, settings)
    return _float32(image + np.float32(settings["amount"]) * (image - smooth))


def local_contrast(
    image: Float32Array, facts: SliceFacts, settings: Mapping[str, float]
) -> Float32Array:
    """Contrast-limited adaptive histogram equalisation over tiles of `tile_mm`.

    Works between the 0.5 and 99.5 percentile of the volume; values beyond keep their distance.
    Source: Zuiderveld, Graphics Gems IV 1994 (scikit-image).
    """
    from skimage.exposure import equalize_adapthist

    low, high = facts.value_range
    if high <= low:
        return image
    inside = np.clip(image, low, high)
    scaled = (inside - low) / (high - low)
    tile = [
        int(np.clip(round(settings["tile_mm"] / step), 8, size))
        for step, size in zip(facts.spacing_mm, image.shape, strict=True)
    ]
    # scikit-image stretches each slice to its own extremes; two corner pixels hold the volume's.
    framed = np.pad(scaled, ((0, 1), (0, 0)), mode="edge")
    framed[-1, 0], framed[-1, -1] = 0.0, 1.0
    flat = equalize_adapthist(framed, kernel_size=tile, clip_limit=settings["clip"], nbins=1024)
    return _float32(flat[:-1] * (high - low) + low + (image - inside))


def _float32(array: object) -> Float32Array:
    return np.asarray(array, dtype=np.float32)


def _length(name: str, title: str, default: float, high: float, words: str) -> Parameter:
    return Parameter(name, title, default, 0.1, high, "mm", words)


def _filter(
    name: str, title: str, operation: str, purpose: str, *parameters: Parameter, caution: str = ""
) -> Method:
    effect = Effect.NOISE_CUT if operation == "denoise" else Effect.BLEND
    return Method(
        name, title, VERSION, MethodKind.FILTER, effect, operation, purpose, parameters, "", caution
    )


_CUTOFF = Parameter(
    "cutoff_sd", "Cut-off", 0.8, 0.1, 3.0, "noise SD", "how different similar patches may be"
)
_RANGE = Parameter(
    "range_sd", "Range", 2.5, 0.5, 10.0, "noise SD", "how different pixels may be to be averaged"
)
_WEIGHT = Parameter("weight_sd", "Weight", 0.9, 0.05, 5.0, "noise SD", "more is smoother")
_FACTOR = Parameter(
    "noise_factor",
    "Noise factor",
    1.5,
    0.2,
    3.0,
    "",
    "multiple of the measured noise that is shrunk",
)
_AMOUNT = Parameter("amount", "Amount", 1.0, 0.1, 5.0, "", "multiple of the detail that is added")
_CLIP = Parameter("clip", "Clip limit", 0.01, 0.001, 0.1, "", "how steep contrast may become")

FILTERS: tuple[tuple[Method, SliceFilter], ...] = (
    (
        _filter(
            "gaussian", "Gaussian", "denoise", "smooths noise and edges alike",
            _length("sigma_mm", "Sigma", 1.0, 10.0, "SD of the Gaussian"),
        ),
        gaussian,
    ),
    (
        _filter(
            "bilateral", "Bilateral", "denoise", "smooths noise, keeps edges above the noise",
            _length("sigma_mm", "Sigma", 1.5, 5.0, "SD of the neighbourhood"), _RANGE,
        ),
        bilateral,
    ),
    (
        _filter(
            "nlm", "Non-local means", "denoise", "averages similar patches",
            _CUTOFF, _length("search_mm", "Search", 4.0, 10.0, "reach of the search"),
        ),
        non_local_means,
    ),
    (
        _filter("tv", "Total variation", "denoise", "flattens areas, keeps strong edges", _WEIGHT),
        total_variation,
    ),
    (
        _filter("wavelet", "Wavelet", "denoise", "shrinks small wavelet coefficients", _FACTOR),
        wavelet,
    ),
    (
        _filter(
            "unsharp", "Unsharp mask", "sharpen", "lifts fine detail and noise alike",
            _length("sigma_mm", "Sigma", 1.0, 10.0, "SD of the Gaussian"), _AMOUNT,
            caution="values at edges overshoot; noise is higher than in the original",
        ),
        unsharp_mask,
    ),
    (
        _filter(
            "clahe", "Local contrast (CLAHE)", "contrast", "evens out contrast region by region",
            _length("tile_mm", "Tile", 40.0, 200.0, "size of a region"), _CLIP,
            caution="grey values are no longer modality values: do not measure on them",
        ),
        local_contrast,
    ),
)  # fmt: skip


def filter_methods() -> tuple[Method, ...]:
    """Return the descriptions of all filters, in the order of the menu."""
    return tuple(method for method, _ in FILTERS)


class FilterProcessor:
    """One filter made ready for one source."""

    device = "CPU"
    slab = 1

    def __init__(self, method: Method, source: SourceSlices, settings: Settings) -> None:
        self._apply = {known.id: apply for known, apply in FILTERS}[method.id]
        self._source = source
        self._settings = dict(settings)
        self._range = grey_range(source)
        self._is_global = method.id in GLOBAL

    def residuals(self, indices: Sequence[int], region: Region | None = None) -> Float32Array:
        """Return filtered minus original, [len(indices), row, column]."""
        if region is not None and self._is_global:
            top, bottom, left, right = region
            return self.residuals(indices)[:, top:bottom, left:right]
        if region is None:
            return np.stack([self._residual(index, np.s_[:, :]) for index in indices])
        top, bottom, left, right = region
        first_row, first_column = max(0, top - MARGIN), max(0, left - MARGIN)
        around = np.s_[first_row : bottom + MARGIN, first_column : right + MARGIN]
        inside = np.s_[
            top - first_row : bottom - first_row, left - first_column : right - first_column
        ]
        return np.stack([self._residual(index, around)[inside] for index in indices])

    def _residual(self, index: int, around: tuple[slice, slice]) -> Float32Array:
        source = self._source
        image = source.values[index][around].astype(np.float32)
        mask = source.slice_mask(index)
        mask = None if mask is None else mask[around]
        filled = image if mask is None else without_padding(image, mask)
        facts = SliceFacts(source.spacing_mm[1:], float(source.noise_sd[index]), self._range)
        residual = self._apply(filled, facts, self._settings) - filled
        if mask is not None:
            residual[~mask] = 0.0
        return residual


def without_padding(image: Float32Array, mask: BoolArray) -> Float32Array:
    """Return the slice with each padding pixel replaced by the nearest real one."""
    if not mask.any():
        return np.zeros_like(image)
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.asarray(image[tuple(nearest)], dtype=np.float32)


def grey_range(source: SourceSlices) -> tuple[float, float]:
    """Return the 0.5 and 99.5 percentile of the real pixels, from a regular sample of them."""
    step = max(1, round((source.values.size / SAMPLED_PIXELS) ** (1 / 3)))
    sample = source.values[::step, ::step, ::step]
    if source.mask is not None:
        sample = sample[source.mask[::step, ::step, ::step]]
    if not sample.size:
        return (0.0, 0.0)
    low, high = np.percentile(sample, (0.5, 99.5))
    return (float(low), float(high))
