"""Import this before anything of pydicom in this service; `viewer.io.pydicom_first` says why.

The order is the same there, so that threads which begin with either wait for each other.
"""

import pydicom.charset
import pydicom.datadict
import pydicom.filereader
import pydicom.filewriter
import pydicom.sequence
import pydicom.values

__all__ = ["pydicom"]
