"""Names of what tells frames at one position apart, as `FrameFacts.dimensions` carries them."""

FRAME_TYPE = "image type"
"""Value 3 of Image Type or Frame Type, such as AXIAL, LOCALIZER or M."""

VARIANT = "image variant"
"""The other values of Image Type or Frame Type, such as ORIGINAL, PRIMARY, NORM."""

COMPONENT = "component"
"""Complex Image Component: MAGNITUDE, PHASE, REAL, IMAGINARY or MIXED."""

STACK = "stack"
ECHO = "echo time"
B_VALUE = "b-value"
DIRECTION = "gradient direction"
TIME = "temporal position"
TRIGGER = "trigger time"
ACQUISITION = "acquisition number"
CLOCK = "acquisition time"
INDEX = "dimension index"
"""Any further dimension of an enhanced object, as its index values."""

CONTRASTS = (FRAME_TYPE, COMPONENT, STACK, B_VALUE)
"""Dimensions that always part a series: their frames look different or lie elsewhere."""

MOMENTS = (ECHO, VARIANT, TIME, TRIGGER, DIRECTION, INDEX, ACQUISITION, CLOCK)
"""Dimensions that part a series where they repeat positions; the first that can does."""
