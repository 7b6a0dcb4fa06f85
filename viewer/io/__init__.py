"""Files in, files out: scanning, decoding, assembling, storing and exporting DICOM."""
