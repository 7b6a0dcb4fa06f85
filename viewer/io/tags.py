"""The attributes that the header walk keeps: keyword, tag and value representation.

Source: DICOM PS3.6; the private ones from the vendors' conformance statements. A private
attribute counts only when its block is reserved by the creator named in `CREATORS`.
"""

_TEXT = """
0004,1220 SQ DirectoryRecordSequence
0004,1500 CS ReferencedFileID
0008,0005 CS SpecificCharacterSet
0008,0008 CS ImageType
0008,0016 UI SOPClassUID
0008,0018 UI SOPInstanceUID
0008,001C CS SyntheticData
0008,0020 DA StudyDate
0008,0021 DA SeriesDate
0008,0022 DA AcquisitionDate
0008,0023 DA ContentDate
0008,002A DT AcquisitionDateTime
0008,0030 TM StudyTime
0008,0031 TM SeriesTime
0008,0032 TM AcquisitionTime
0008,0033 TM ContentTime
0008,0050 SH AccessionNumber
0008,0060 CS Modality
0008,0070 LO Manufacturer
0008,0100 SH CodeValue
0008,0102 SH CodingSchemeDesignator
0008,1030 LO StudyDescription
0008,103E LO SeriesDescription
0008,1090 LO ManufacturerModelName
0008,1115 SQ ReferencedSeriesSequence
0008,2111 ST DerivationDescription
0008,2144 IS RecommendedDisplayFrameRate
0008,9007 CS FrameType
0008,9208 CS ComplexImageComponent
0008,9215 SQ DerivationCodeSequence
0010,0010 PN PatientName
0010,0020 LO PatientID
0010,0030 DA PatientBirthDate
0010,0040 CS PatientSex
0010,1010 AS PatientAge
0010,2210 CS AnatomicalOrientationType
0018,0010 LO ContrastBolusAgent
0018,0015 CS BodyPartExamined
0018,0022 CS ScanOptions
0018,0024 SH SequenceName
0018,0040 IS CineRate
0018,0050 DS SliceThickness
0018,0060 DS KVP
0018,0080 DS RepetitionTime
0018,0081 DS EchoTime
0018,0082 DS InversionTime
0018,0086 IS EchoNumbers
0018,0087 DS MagneticFieldStrength
0018,0088 DS SpacingBetweenSlices
0018,1030 LO ProtocolName
0018,1060 DS TriggerTime
0018,1063 DS FrameTime
0018,1065 DS FrameTimeVector
0018,1114 DS EstimatedRadiographicMagnificationFactor
0018,1120 DS GantryDetectorTilt
0018,1150 IS ExposureTime
0018,1151 IS XRayTubeCurrent
0018,1152 IS Exposure
0018,1164 DS ImagerPixelSpacing
0018,1210 SH ConvolutionKernel
0018,1310 US AcquisitionMatrix
0018,1314 DS FlipAngle
0018,1600 CS ShutterShape
0018,2005 DS SliceLocationVector
0018,5100 CS PatientPosition
0018,5101 CS ViewPosition
0018,9074 DT FrameAcquisitionDateTime
0018,9075 CS DiffusionDirectionality
0018,9076 SQ DiffusionGradientDirectionSequence
0018,9082 FD EffectiveEchoTime
0018,9087 FD DiffusionBValue
0018,9089 FD DiffusionGradientOrientation
0018,9114 SQ MREchoSequence
0018,9117 SQ MRDiffusionSequence
0018,9118 SQ CardiacSynchronizationSequence
0018,9226 SQ MRImageFrameTypeSequence
0018,9315 CS ReconstructionAlgorithm
0018,9329 SQ CTImageFrameTypeSequence
0018,9345 FD CTDIvol
0018,9751 SQ PETFrameTypeSequence
0018,A001 SQ ContributingEquipmentSequence
0020,000D UI StudyInstanceUID
0020,000E UI SeriesInstanceUID
0020,0011 IS SeriesNumber
0020,0012 IS AcquisitionNumber
0020,0013 IS InstanceNumber
0020,0020 CS PatientOrientation
0020,0032 DS ImagePositionPatient
0020,0037 DS ImageOrientationPatient
0020,0052 UI FrameOfReferenceUID
0020,0060 CS Laterality
0020,0062 CS ImageLaterality
0020,0100 IS TemporalPositionIdentifier
0020,0105 IS NumberOfTemporalPositions
0020,1041 DS SliceLocation
0020,9056 SH StackID
0020,9057 UL InStackPositionNumber
0020,9111 SQ FrameContentSequence
0020,9113 SQ PlanePositionSequence
0020,9116 SQ PlaneOrientationSequence
0020,9128 UL TemporalPositionIndex
0020,9153 FD NominalCardiacTriggerDelayTime
0020,9157 UL DimensionIndexValues
0020,9165 AT DimensionIndexPointer
0020,9222 SQ DimensionIndexSequence
0028,0002 US SamplesPerPixel
0028,0004 CS PhotometricInterpretation
0028,0006 US PlanarConfiguration
0028,0008 IS NumberOfFrames
0028,0010 US Rows
0028,0011 US Columns
0028,0030 DS PixelSpacing
0028,0034 IS PixelAspectRatio
0028,0051 CS CorrectedImage
0028,0100 US BitsAllocated
0028,0101 US BitsStored
0028,0102 US HighBit
0028,0103 US PixelRepresentation
0028,0120 US PixelPaddingValue
0028,0121 US PixelPaddingRangeLimit
0028,0122 FL FloatPixelPaddingValue
0028,0123 FD DoubleFloatPixelPaddingValue
0028,0124 FL FloatPixelPaddingRangeLimit
0028,0125 FD DoubleFloatPixelPaddingRangeLimit
0028,0301 CS BurnedInAnnotation
0028,0A02 CS PixelSpacingCalibrationType
0028,1050 DS WindowCenter
0028,1051 DS WindowWidth
0028,1052 DS RescaleIntercept
0028,1053 DS RescaleSlope
0028,1054 LO RescaleType
0028,1055 LO WindowCenterWidthExplanation
0028,1056 CS VOILUTFunction
0028,2110 CS LossyImageCompression
0028,2112 DS LossyImageCompressionRatio
0028,2114 CS LossyImageCompressionMethod
0028,3000 SQ ModalityLUTSequence
0028,3010 SQ VOILUTSequence
0028,6100 SQ MaskSubtractionSequence
0028,9110 SQ PixelMeasuresSequence
0028,9132 SQ FrameVOILUTSequence
0028,9145 SQ PixelValueTransformationSequence
0040,A170 SQ PurposeOfReferenceCodeSequence
0054,0022 SQ DetectorInformationSequence
0054,1001 CS Units
0054,1102 CS DecayCorrection
0054,1103 LO ReconstructionMethod
0066,002F SQ AlgorithmFamilyCodeSequence
2050,0020 CS PresentationLUTShape
3004,0002 CS DoseUnits
3004,000C DS GridFrameOffsetVector
3004,000E DS DoseGridScaling
5200,9229 SQ SharedFunctionalGroupsSequence
5200,9230 SQ PerFrameFunctionalGroupsSequence
7FE0,0008 OF FloatPixelData
7FE0,0009 OD DoubleFloatPixelData
7FE0,0010 OW PixelData
"""

_PRIVATE = """
0019,0010 LO Creator0019
0019,100A US SiemensTileCount
0019,100C IS SiemensBValue
0019,100E FD SiemensGradientDirection
0019,10BB DS GeGradientX
0019,10BC DS GeGradientY
0019,10BD DS GeGradientZ
0029,0010 LO Creator0029
0029,1010 OB SiemensImageHeader
0043,0010 LO Creator0043
0043,1039 IS GeBValue
2001,0010 LO Creator2001
2001,1003 FL PhilipsBValue
2005,0010 LO Creator2005
2005,10B0 FL PhilipsGradientX
2005,10B1 FL PhilipsGradientY
2005,10B2 FL PhilipsGradientZ
"""

CREATORS = {
    "SiemensTileCount": ("Creator0019", b"SIEMENS MR HEADER"),
    "SiemensBValue": ("Creator0019", b"SIEMENS MR HEADER"),
    "SiemensGradientDirection": ("Creator0019", b"SIEMENS MR HEADER"),
    "SiemensImageHeader": ("Creator0029", b"SIEMENS CSA HEADER"),
    "GeGradientX": ("Creator0019", b"GEMS_ACQU_01"),
    "GeGradientY": ("Creator0019", b"GEMS_ACQU_01"),
    "GeGradientZ": ("Creator0019", b"GEMS_ACQU_01"),
    "GeBValue": ("Creator0043", b"GEMS_PARM_01"),
    "PhilipsBValue": ("Creator2001", b"Philips Imaging DD 001"),
    "PhilipsGradientX": ("Creator2005", b"Philips MR Imaging DD 001"),
    "PhilipsGradientY": ("Creator2005", b"Philips MR Imaging DD 001"),
    "PhilipsGradientZ": ("Creator2005", b"Philips MR Imaging DD 001"),
}
"""Private attribute: where its creator stands, and the creator's name."""

OVERLAYS = {f"OverlayRows{group:04X}": (group << 16) | 0x10 for group in range(0x6000, 0x6020, 2)}
"""Overlay planes by the tag of their rows. Source: DICOM PS3.3 C.9.2."""


def _table(text: str) -> dict[str, tuple[int, str]]:
    rows = (line.split() for line in text.split("\n") if line)
    return {keyword: (int(tag.replace(",", ""), 16), vr) for tag, vr, keyword in rows}


WANTED: dict[str, tuple[int, str]] = {
    **_table(_TEXT),
    **_table(_PRIVATE),
    **{keyword: (tag, "US") for keyword, tag in OVERLAYS.items()},
}
"""Keyword: (tag as a number, value representation)."""

PIXEL_KEYWORDS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})


def tag_bytes(tag: int, *, is_big: bool) -> bytes:
    """Return a tag as the four bytes that stand in a file."""
    order = "big" if is_big else "little"
    group, element = tag >> 16, tag & 0xFFFF
    return group.to_bytes(2, order) + element.to_bytes(2, order)  # type: ignore[arg-type]


LITTLE: dict[bytes, str] = {tag_bytes(tag, is_big=False): k for k, (tag, _) in WANTED.items()}
BIG: dict[bytes, str] = {tag_bytes(tag, is_big=True): k for k, (tag, _) in WANTED.items()}
"""Keywords by the bytes of their tag."""
