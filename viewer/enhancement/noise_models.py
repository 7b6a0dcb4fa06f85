"""Names of how noise varies over a slice, as model cards state it.

`EVEN` is the same everywhere; the variance of `COUNTS` follows the signal, as in PET; `LEVELS`
depends on the grey level, as in the logarithm of a radiograph, and is measured on each.
"""

EVEN, COUNTS, LEVELS = "even", "counts", "levels"
