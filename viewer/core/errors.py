"""The one tree of errors; each carries a sentence for the reader and what to do about it."""


class DiptychError(Exception):
    """Something that the reader must be told in words.

    Parameters
    ----------
    what : what failed, as a sentence.
    means : what that means for the reader; may be empty.
    do : what the reader can do about it; may be empty.
    """

    def __init__(self, what: str, means: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.means = means
        self.do = do

    def __str__(self) -> str:
        """Return the whole message as one line."""
        return " ".join(part for part in (self.what, self.means, self.do) if part)


class WrongUsage(DiptychError):
    """The command line was used in a way that it does not offer."""


class UnreadableFile(DiptychError):
    """A file could not be read: missing, no permission, empty or broken off."""


class NotDicom(DiptychError):
    """A file is readable and is something other than DICOM."""


class DirectoryRecord(DiptychError):
    """A file is the index of a medium (a DICOMDIR) and holds no image or object itself."""


class BadHeader(DiptychError):
    """A DICOM header is damaged, contradicts itself or is nested too deeply."""


class UnsupportedPixels(DiptychError):
    """The pixels are coded in a way that Diptych does not decode; the coding is named."""


class DamagedPixels(DiptychError):
    """The pixel data is shorter or otherwise than its header says."""


class OutOfMemory(DiptychError):
    """The memory that the image needs is not there, or is over the limit set."""


class InvalidWindow(DiptychError):
    """A window width is below the minimum of its function."""


class InvalidGeometry(DiptychError):
    """Position, orientation or spacing do not describe a plane or a volume."""


class NoVolumeRendering(DiptychError):
    """The machine offers no way to draw off screen, so volumes cannot be rendered."""


class InvalidStrength(WrongUsage):
    """An enhancement strength outside 0 to 1."""


class Blocked(DiptychError):
    """A gate refuses to run a method on this series; the reason is in the words."""


class UntrustedWeights(DiptychError):
    """A model's weights do not have the checksum that its card states, or are missing."""


class UnknownMethod(WrongUsage):
    """No enhancement method or model has this name."""


class NotSaved(DiptychError):
    """Something could not be written; nothing that was there before has changed."""


class ClusterLost(DiptychError):
    """The cluster that works on a batch does not answer any more."""


class DamagedStore(DiptychError):
    """A file of our own (index, settings, measurements) is damaged or from a later version."""


class Cancelled(DiptychError):
    """The work was stopped because somebody asked for it."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")


class BadCard(DiptychError):
    """A model's card breaks a rule; card, entry and rule are in the words."""


class UnfitModel(DiptychError):
    """A model that was added failed its checks, or misbehaved while it ran."""


class InvalidProtocol(DiptychError):
    """A study file breaks a rule; the file, the line, the rule and the remedy are in the words."""


class InvalidReadings(DiptychError):
    """A file of readings is malformed; the sheet or line, and the reason, are in the words."""


class NoAnalysis(DiptychError):
    """Data cannot carry an analysis: too few readers, no normals, no variation, no truth."""


class IllegalTransition(DiptychError):
    """A study, a session or a trial cannot go from where it stands to what was asked."""


class DamagedRecord(DiptychError):
    """The record of a study does not verify: its chain breaks, or its end is torn."""


class UnsavedAnswer(DiptychError):
    """An answer could not be stored; it is still on the screen and nothing before it is lost."""


class SealedStudy(DiptychError):
    """Something was asked of a blinded study that would give its allocation away."""


class Unreachable(DiptychError):
    """A node of the network does not answer: no address, no connection, silence, a broken line."""


class Refused(DiptychError):
    """A node answered and said no: to our title, a service, a certificate, or with a status."""
