"""Public data of reader studies, from which others have published figures; see each for where."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]

# Van Dyke et al. 1993 (69 normal and 45 abnormal cases, 5 readers, 2 arms) and Franken et al. 1992
# (33 and 67 cases, 4 readers, 2 arms), as the files VD.lrc and FR.lrc that RJafroc hands on have
# them: the ratings of each reader in the first arm, then in the second, of normal | abnormal cases.
VAN_DYKE = (
    "122151111111411111111131311214111113121211233131133111111221111332111"
    "|555545554555434245555555154454553555115554451",
    "232222222322522232222222422223222222222222222222222222222432232222222"
    "|535555542555442225555555243354552425225555352",
    "222235112242422232221232411322112224121412112222223211211221151421212"
    "|545555555555542355555555252255552555225555552",
    "111111311111111111112111211112111111111111111111331111111111111311111"
    "|555555555555555155555555554544553555125555555",
    "351211112221211122113221111211211231221113332111211111111341231212113"
    "|525255551545452235555554144322151515115553552",
    "333222223213122222211111421312214323123122233111333113412421241442111"
    "|535555554555544335555555355355554455535555551",
    "322222223222222122221222322222212212222231223222222222322322222222122"
    "|535555552555344245455545252355532425525555552",
    "242222322211132222121121411512112122212221132111233113221232341242121"
    "|525555555555354145555555253355543555534555551",
    "221111312111122111211111321212111122112111112121212211111212111323211"
    "|545555554555455555555555455445555555535555555",
    "223122221222111222122212322321212222112121132122332122221222231233111"
    "|525455555455343335555555251332532545533555553",
)
FRANKEN = (
    "312222241142124212124232224322253"
    "|5255451555154524155355554554352545354554455554543254545542535555145",
    "423221342112222322413223313111122"
    "|4444444334344413344444444342342444444444444444434114444433424444243",
    "312221542132133224121222222123222"
    "|5555555215253524355555555443353522253552255554552244554544425355235",
    "421111521141111152112313114111411"
    "|4355555143154512455155555551251544452551455554541221555552514555144",
    "334311541231122213122322122222243"
    "|5255454155152414435535555532253554353554554555552444555532544255334",
    "311111342111111113313343113131132"
    "|4244443444142414143444444443241441334433344443344343343444414344234",
    "312222442322132423222224221222242"
    "|4454453355243434354255555542453521255551355555543242555544515255344",
    "134131311113111152112114124111411"
    "|5455555545154515155245555553251544151551455551451421555523415155133",
)

_M1, _M2 = 4294967087, 4294944443
_A1 = ((0, 1, 0), (0, 0, 1), (-810728, 1403580, 0))
_A2 = ((0, 1, 0), (0, 0, 1), (-1370589, 0, 527612))


def tables(rows: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return the ratings [arm and reader, case] of normal and of abnormal cases."""
    normal, abnormal = (
        np.array([[float(digit) for digit in row.split("|")[kind]] for row in rows])
        for kind in (0, 1)
    )
    return normal, abnormal


def lrc_of(rows: tuple[str, ...]) -> str:
    """Return the ratings as a file of the Iowa programs, as RJafroc's files are laid out."""
    readers = len(rows) // 2
    lines = ["rocData Data File"]
    for reader in range(readers):
        lines += [str(reader), *(['   "0"   "1"', "       L       L"] if reader == 0 else [])]
        blocks = [row.split("|") for row in (rows[reader], rows[reader + readers])]
        for kind, name in enumerate(("Non-diseased case", "Diseased Case")):
            pairs = zip(blocks[0][kind], blocks[1][kind], strict=True)
            lines += [
                f"   {a}.000000   {b}.000000   {name} {n}" for n, (a, b) in enumerate(pairs, 1)
            ]
            lines.append("*")
    return "\n".join([*lines, "#", ""])


class Streams:
    """Normal variates as R draws them by inversion from L'Ecuyer's combined generator MRG32k3a.

    Source: L'Ecuyer et al. 2002, Oper Res 50:1073; the seeding is R's, `?RNG`.
    """

    def __init__(self, seed: int, stream: int) -> None:
        for _ in range(50):
            seed = (69069 * seed + 1) % 2**32
        state = []
        while len(state) < 6:
            seed = (69069 * seed + 1) % 2**32
            state += [seed] if seed < _M2 else []
        self.one, self.two = state[:3], state[3:]
        for _ in range(stream - 1):  # streams are 2^127 steps apart
            self.one = _moved(_A1, self.one, _M1)
            self.two = _moved(_A2, self.two, _M2)

    def uniform(self) -> float:
        """Return a number between 0 and 1."""
        first = (1403580 * self.one[1] - 810728 * self.one[0]) % _M1
        second = (527612 * self.two[2] - 1370589 * self.two[0]) % _M2
        self.one, self.two = [*self.one[1:], first], [*self.two[1:], second]
        return (first - second + (0 if first > second else _M1)) * 2.328306549295727688e-10

    def normal(self, count: int, variance: float) -> Floats:
        """Return normal variates of mean 0."""
        big = 2**27
        found = [(int(big * self.uniform()) + self.uniform()) / big for _ in range(count)]
        return np.asarray(np.sqrt(variance) * ndtri(found))


def _moved(matrix: tuple[tuple[int, ...], ...], state: list[int], modulus: int) -> list[int]:
    """Return a state 2^127 steps on; the matrix is squared that often, in whole numbers."""
    power = [[one % modulus for one in row] for row in matrix]
    for _ in range(127):
        columns = list(zip(*power, strict=True))
        power = [
            [sum(a * b for a, b in zip(row, column, strict=True)) % modulus for column in columns]
            for row in power
        ]
    return [sum(a * b for a, b in zip(row, state, strict=True)) % modulus for row in power]


def roe_metz(readers: int = 10, cases: int = 100) -> Floats:
    """Return scores [arm, reader, case], normal cases first, of the example of iMRMC's own tests.

    They are drawn from Roe and Metz's model (1997, Acad Radiol 4:298) with variances of 0.03 of
    readers, 0.3 of cases and 0.2 of both, in each truth state and again in each arm of it, and a
    separation of 1; from the second stream of seed 1, in the order of the model's terms.
    """
    streams = Streams(1, 2)

    def drawn() -> Floats:
        by_case, by_reader = streams.normal(cases, 0.3), streams.normal(readers, 0.03)
        both = streams.normal(readers * cases, 0.2).reshape(readers, cases)
        return np.asarray(by_case + by_reader[:, None] + both)

    normal, abnormal = drawn(), 1.0 + drawn()
    arms = [np.hstack([normal + drawn(), abnormal + drawn()]) for _ in range(2)]
    return np.array(arms)
