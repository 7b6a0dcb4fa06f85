"""Import this before anything of pydicom: the whole of it, by one thread at a time.

The modules of pydicom import each other in circles. When two threads begin with different ones of
them, each finds the other's half made, and pydicom stays broken for the rest of the process.
Importing this module makes the second thread wait for the first.
"""

import pydicom.charset
import pydicom.datadict
import pydicom.filereader
import pydicom.filewriter
import pydicom.sequence
import pydicom.values

__all__ = ["pydicom"]
