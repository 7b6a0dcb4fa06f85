"""DICOM over the network: nodes, associations, queries, retrieval, receiving, sending, DICOMweb."""
