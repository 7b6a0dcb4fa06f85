"""Transfer syntaxes by name, and which family of decoders each belongs to."""

from enum import Enum

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
GE_BIG_PIXELS = "1.2.840.113619.5.2"


class Coding(Enum):
    """How the pixels of a transfer syntax are coded."""

    NATIVE = "native"
    RLE = "RLE"
    JPEG = "JPEG"
    JPEG_LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    HTJ2K = "HTJ2K"
    JPEG_XL = "JPEG XL"
    DEFLATE = "deflate"
    UNSUPPORTED = "unsupported"


_SYNTAXES: dict[str, tuple[str, Coding]] = {
    IMPLICIT: ("Implicit VR Little Endian", Coding.NATIVE),
    EXPLICIT: ("Explicit VR Little Endian", Coding.NATIVE),
    BIG_ENDIAN: ("Explicit VR Big Endian", Coding.NATIVE),
    DEFLATED: ("Deflated Explicit VR Little Endian", Coding.NATIVE),
    GE_BIG_PIXELS: ("GE Private Implicit VR with Big Endian Pixels", Coding.NATIVE),
    "1.2.840.10008.1.2.5": ("RLE Lossless", Coding.RLE),
    "1.2.840.10008.1.2.4.50": ("JPEG Baseline (Process 1)", Coding.JPEG),
    "1.2.840.10008.1.2.4.51": ("JPEG Extended (Process 2 and 4)", Coding.JPEG),
    "1.2.840.10008.1.2.4.53": ("JPEG Spectral Selection (Process 6 and 8)", Coding.JPEG),
    "1.2.840.10008.1.2.4.55": ("JPEG Full Progression (Process 10 and 12)", Coding.JPEG),
    "1.2.840.10008.1.2.4.57": ("JPEG Lossless (Process 14)", Coding.JPEG_LOSSLESS),
    "1.2.840.10008.1.2.4.70": (
        "JPEG Lossless (Process 14, Selection Value 1)",
        Coding.JPEG_LOSSLESS,
    ),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS Lossless", Coding.JPEG_LS),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS Near-Lossless", Coding.JPEG_LS),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000 (Lossless Only)", Coding.JPEG_2000),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", Coding.JPEG_2000),
    "1.2.840.10008.1.2.4.92": ("JPEG 2000 Multi-component (Lossless Only)", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.93": ("JPEG 2000 Multi-component", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.94": ("JPIP Referenced", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.95": ("JPIP Referenced Deflate", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.100": ("MPEG-2 Main Profile / Main Level", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.100.1": ("Fragmentable MPEG-2 Main Level", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.101": ("MPEG-2 Main Profile / High Level", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.101.1": ("Fragmentable MPEG-2 High Level", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.102": ("MPEG-4 AVC/H.264 High Profile", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.102.1": ("Fragmentable MPEG-4 AVC/H.264", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.103": ("MPEG-4 AVC/H.264 BD-compatible", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.103.1": ("Fragmentable MPEG-4 BD-compatible", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.104": ("MPEG-4 AVC/H.264 for 2D Video", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.105": ("MPEG-4 AVC/H.264 for 3D Video", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.106": ("MPEG-4 AVC/H.264 Stereo", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.107": ("HEVC/H.265 Main Profile", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.108": ("HEVC/H.265 Main 10 Profile", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.110": ("JPEG XL Lossless", Coding.JPEG_XL),
    "1.2.840.10008.1.2.4.111": ("JPEG XL JPEG Recompression", Coding.JPEG_XL),
    "1.2.840.10008.1.2.4.112": ("JPEG XL", Coding.JPEG_XL),
    "1.2.840.10008.1.2.4.201": ("HTJ2K (Lossless Only)", Coding.HTJ2K),
    "1.2.840.10008.1.2.4.202": ("HTJ2K with RPCL Options (Lossless Only)", Coding.HTJ2K),
    "1.2.840.10008.1.2.4.203": ("HTJ2K", Coding.HTJ2K),
    "1.2.840.10008.1.2.4.204": ("JPIP HTJ2K Referenced", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.4.205": ("JPIP HTJ2K Referenced Deflate", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.7.1": ("SMPTE ST 2110-20 Uncompressed Progressive", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.7.2": ("SMPTE ST 2110-20 Uncompressed Interlaced", Coding.UNSUPPORTED),
    "1.2.840.10008.1.2.8.1": ("Deflated Image Frame Compression", Coding.DEFLATE),
}


def syntax_name(uid: str) -> str:
    """Name a transfer syntax in the words of DICOM PS3.6 Annex A; the UID when it is unknown."""
    if not uid:
        return "no transfer syntax"
    return _SYNTAXES[uid][0] if uid in _SYNTAXES else f"transfer syntax {uid}"


def coding_of(uid: str) -> Coding:
    """Return how pixels are coded. A file without a transfer syntax is read as native."""
    if not uid:
        return Coding.NATIVE
    return _SYNTAXES[uid][1] if uid in _SYNTAXES else Coding.UNSUPPORTED
