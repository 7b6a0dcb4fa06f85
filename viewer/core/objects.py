"""Plain names of what a SOP Class stores, and whether it is an image. Source: DICOM PS3.4 B.5."""

_STORE = "1.2.840.10008.5.1.4.1.1."

_IMAGES = {
    "1": "radiograph (CR)",
    "1.1": "radiograph (DX)",
    "1.1.1": "radiograph (DX, for processing)",
    "1.2": "mammogram",
    "1.2.1": "mammogram (for processing)",
    "1.3": "intra-oral radiograph",
    "1.3.1": "intra-oral radiograph (for processing)",
    "2": "CT image",
    "2.1": "enhanced CT",
    "2.2": "enhanced CT (converted)",
    "3": "ultrasound cine",
    "3.1": "ultrasound cine",
    "4": "MR image",
    "4.1": "enhanced MR",
    "4.3": "enhanced MR (colour)",
    "4.4": "enhanced MR (converted)",
    "5": "nuclear medicine image",
    "6": "ultrasound image",
    "6.1": "ultrasound image",
    "6.2": "ultrasound volume",
    "7": "secondary capture",
    "7.1": "secondary capture, multi-frame",
    "7.2": "secondary capture, multi-frame",
    "7.3": "secondary capture, multi-frame",
    "7.4": "secondary capture, multi-frame",
    "12.1": "X-ray angiogram",
    "12.1.1": "enhanced X-ray angiogram",
    "12.2": "X-ray fluoroscopy",
    "12.2.1": "enhanced X-ray fluoroscopy",
    "13.1.1": "3D X-ray angiogram",
    "13.1.2": "3D craniofacial X-ray image",
    "13.1.3": "breast tomosynthesis",
    "13.1.4": "breast projection X-ray image",
    "13.1.5": "breast projection X-ray image (for processing)",
    "14.1": "intravascular OCT",
    "14.2": "intravascular OCT (for processing)",
    "20": "nuclear medicine image",
    "30": "parametric map",
    "77.1.1": "endoscopy image",
    "77.1.1.1": "endoscopy video",
    "77.1.2": "microscopy image",
    "77.1.2.1": "microscopy video",
    "77.1.3": "slide-coordinates microscopy image",
    "77.1.4": "photograph",
    "77.1.4.1": "video",
    "77.1.5.1": "ophthalmic photograph",
    "77.1.5.2": "ophthalmic photograph",
    "77.1.5.4": "ophthalmic tomogram",
    "77.1.6": "whole slide microscopy image",
    "77.1.7": "dermoscopic photograph",
    "128": "PET image",
    "128.1": "enhanced PET (converted)",
    "130": "enhanced PET",
    "481.1": "RT image",
    "481.2": "RT dose",
}
_OBJECTS = {
    "9.1.1": "ECG (12 leads)",
    "9.1.2": "ECG",
    "9.1.3": "ambulatory ECG",
    "9.2.1": "haemodynamic waveform",
    "9.3.1": "electrophysiology waveform",
    "9.4.1": "voice audio",
    "9.4.2": "audio",
    "9.5.1": "arterial pulse waveform",
    "9.6.1": "respiratory waveform",
    "11.1": "presentation state (greyscale)",
    "11.2": "presentation state (colour)",
    "11.3": "presentation state (pseudo-colour)",
    "11.4": "presentation state (blending)",
    "11.5": "presentation state (XA/XRF)",
    "11.6": "presentation state (planar MPR)",
    "11.7": "presentation state (volume)",
    "11.8": "presentation state (advanced blending)",
    "11.9": "presentation state (volume rendering)",
    "66": "raw data",
    "66.1": "spatial registration",
    "66.2": "spatial fiducials",
    "66.3": "deformable registration",
    "66.4": "segmentation",
    "66.5": "surface segmentation",
    "66.6": "tractography",
    "66.7": "segmentation (label map)",
    "67": "real-world value mapping",
    "68.1": "surface scan mesh",
    "77.1.5.3": "stereometric relationship",
    "78.1": "lensometry measurements",
    "79.1": "intraocular lens calculations",
    "80.1": "visual field measurements",
    "88.11": "structured report (text)",
    "88.22": "structured report (enhanced)",
    "88.33": "structured report",
    "88.34": "structured report (3D)",
    "88.35": "structured report (extensible)",
    "88.40": "procedure log",
    "88.50": "mammography CAD report",
    "88.59": "key object selection",
    "88.65": "chest CAD report",
    "88.67": "radiation dose report",
    "88.68": "radiopharmaceutical dose report",
    "88.69": "colon CAD report",
    "88.70": "implantation plan report",
    "88.71": "acquisition context report",
    "88.72": "simplified echo report",
    "88.73": "patient radiation dose report",
    "88.76": "enhanced radiation dose report",
    "90.1": "content assessment",
    "104.1": "PDF document",
    "104.2": "CDA document",
    "104.3": "STL model",
    "104.4": "OBJ model",
    "104.5": "MTL material",
    "200.2": "CT performed procedure protocol",
    "481.3": "RT structure set",
    "481.4": "RT treatment record (beams)",
    "481.5": "RT plan",
    "481.6": "RT treatment record (brachytherapy)",
    "481.7": "RT treatment summary",
    "481.8": "RT ion plan",
    "481.9": "RT treatment record (ions)",
}

PRESENTATION_STATES = frozenset(f"{_STORE}11.{number}" for number in range(1, 12))
KEY_OBJECTS = f"{_STORE}88.59"
RT_DOSE = f"{_STORE}481.2"
DIRECTORY = "1.2.840.10008.1.3.10"


def object_name(sop_class_uid: str, *, has_pixels: bool = True) -> str:
    """Return a plain name such as "structured report"; an unknown class is named by its UID.

    Images that hold no pixels are called so.
    """
    end = sop_class_uid.removeprefix(_STORE)
    if end in _IMAGES:
        return _IMAGES[end] if has_pixels else f"{_IMAGES[end]} without pixels"
    if end in _OBJECTS:
        return _OBJECTS[end]
    return f"object of class {sop_class_uid}" if sop_class_uid else "object without a class"


def is_image_class(sop_class_uid: str) -> bool:
    """Tell whether objects of this class are shown as images; unknown classes may be."""
    return sop_class_uid.removeprefix(_STORE) not in _OBJECTS
