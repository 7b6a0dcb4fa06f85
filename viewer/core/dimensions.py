"""Names of what tells frames at one position apart, as `FrameFacts.dimensions` carries them."""

FRAME_TYPE = "image type"
"""Image Type or Frame Type from value 3 on, such as "AXIAL" or "M"."""

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

CONTRASTS = (FRAME_TYPE, COMPONENT, STACK, ECHO, B_VALUE)
"""Dimensions that always part a series: their frames look different or lie elsewhere."""

MOMENTS = (TIME, TRIGGER, DIRECTION, ACQUISITION, INDEX, CLOCK)
"""Dimensions that part a series only where they repeat positions, the first to do so wins."""
