"""What an enhancement is asked for, planned as, and becomes: frozen values of the use case."""

from dataclasses import dataclass

from viewer import __version__
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.volume import ARBITRARY, AnyVolume, DerivedVolume, Volume, derive
from viewer.enhancement import checks
from viewer.enhancement.audit import Audit, audit
from viewer.enhancement.catalogue import ModelCard
from viewer.enhancement.checks import GateResult
from viewer.enhancement.conditioning import NoiseProfile, source_slices
from viewer.enhancement.denoising import neighbours
from viewer.enhancement.findings import Findings
from viewer.enhancement.inference import weights_used
from viewer.enhancement.method import Method, Settings
from viewer.enhancement.residual import Residual, blended
from viewer.enhancement.strength import DEFAULT_STRENGTH, Blend, FlatNoise, checked_strength


@dataclass(frozen=True, slots=True, eq=False)
class EnhanceRequest:
    """What is asked for. `settings` may name some of the method's parameters.

    `first_slice` is the visible one and `direction` (1 or -1) where the reader scrolls to.
    `device` is "auto", "cuda", "mps" or "cpu".
    """

    study: Study
    series: Series
    part: SeriesPart
    volume: AnyVolume
    method_id: str
    strength: float = DEFAULT_STRENGTH
    settings: Settings = ()
    first_slice: int = 0
    direction: int = 1
    device: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A request that passed the gates, with everything fixed that does not depend on strength.

    `flat` is None for methods whose strength is a blend fraction, or where nothing is flat; `key`
    names the residual by content, weights and parameters; `card` is None for filters.
    """

    request: EnhanceRequest
    volume: Volume
    method: Method
    settings: Settings
    gates: tuple[GateResult, ...]
    noise: NoiseProfile
    flat: FlatNoise | None
    cautions: tuple[str, ...]
    is_synthetic_data: bool
    input_range: tuple[float, float]
    key: str
    time: str
    card: ModelCard | None = None

    def blend(self, strength: float) -> Blend:
        """Return the factor on the residual that a strength asks for, and the cut it reaches.

        Raises
        ------
        InvalidStrength : outside 0 to 1.
        """
        if self.flat is not None:
            return self.flat.blend(strength)
        return Blend(checked_strength(strength), None)


@dataclass(frozen=True, slots=True, eq=False)
class Enhancement:
    """A residual, complete or still growing, with the plan that it follows.

    `findings` are those of the audit, which comes after the run; None until then.
    """

    plan: Plan
    residual: Residual
    findings: Findings | None = None

    def provenance(self, strength: float | None = None) -> Provenance:
        """Return how the pixels at a strength (by default the requested one) are made."""
        plan = self.plan
        asked = plan.request.strength if strength is None else strength
        blend = plan.blend(asked)
        return Provenance(
            kind=plan.method.kind,
            method_id=plan.method.id,
            method_name=plan.method.name,
            version=plan.method.version,
            weights_sha256=plan.method.weights_sha256,
            parameters=_parameters(plan, self.residual.device),
            strength=asked,
            blend=blend.factor,
            reached=blend.reached,
            input_range=plan.input_range,
            source_uids=plan.volume.sources,
            device=self.residual.device,
            software_version=__version__,
            time=plan.time,
            cautions=plan.cautions,
            gates=(*checks.cautions(plan.gates), *self._audit_caution),
            is_synthetic_data=plan.is_synthetic_data,
        )

    def volume(self, strength: float | None = None) -> DerivedVolume:
        """Return the enhanced volume; slices not computed yet are marked as not loaded."""
        provenance = self.provenance(strength)
        source, residual = self.plan.volume, self.residual
        values = blended(source.values, residual.values, residual.step, provenance.blend)
        return derive(source, values, provenance, residual.loaded, self._unit)

    def residual_volume(self, strength: float | None = None) -> DerivedVolume:
        """Return the residual's own int16 steps (`residual.step` modality units each)."""
        residual, provenance = self.residual, self.provenance(strength)
        return derive(self.plan.volume, residual.values, provenance, residual.loaded, self._unit)

    @property
    def _audit_caution(self) -> tuple[str, ...]:
        caution = self.findings.caution if self.findings is not None else ""
        return (f"residual audit: {caution}",) if caution else ()

    @property
    def _unit(self) -> str:
        return "" if self.plan.method.keeps_unit else ARBITRARY

    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """Return for each slice the others that it was computed from; () where there are none."""
        if self.plan.method.kind is not MethodKind.AI:
            return ()
        table = neighbours(source_slices(self.plan.volume, self.plan.noise))
        return tuple(
            tuple(int(other) for other in dict.fromkeys(row.tolist()) if other != place)
            for place, row in enumerate(table)
        )

    def audit(self) -> Audit:
        """Return whether the residual looks like noise or holds anatomy; takes a moment."""
        return audit(source_slices(self.plan.volume, self.plan.noise), self.residual)


def _parameters(plan: Plan, device: str) -> tuple[tuple[str, str], ...]:
    """Return the method's parameters, what it was told about the noise, and the file that ran."""
    unit = plan.volume.unit
    told = [(name, f"{value:g}") for name, value in plan.settings]
    told.append(("noise_sd", f"{plan.noise.typical_sd:.3g} {unit}"))
    if plan.noise.frequency_per_mm > 0:
        told.append(("noise_frequency", f"{plan.noise.frequency_per_mm:.3g} per mm"))
    if plan.card is not None:
        weights = weights_used(plan.card, device)
        told.append(("weights_file", f"{weights.path.name} {weights.sha256}"))
        if plan.card.is_added:
            told.append(("bound", f"{plan.card.bound_sd:g} noise SD, set outside the network"))
    return tuple(told)
