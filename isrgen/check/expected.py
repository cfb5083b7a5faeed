"""What is to be sent for each address, as visitors see it who send nothing of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from isrgen.caching.keys import compatible
from isrgen.check.comparing import Steady, are_same
from isrgen.check.worlds import Observation


@dataclass(slots=True)
class Variant:
    """The responses under one key that a cache would take for one; ``steady`` is what they have in common.

    ``is_sure`` is False where no anonymous visitor was sent it, so that it is only what came first.
    """

    observations: list[Observation]
    is_sure: bool = True
    steady: Steady = field(init=False)

    def __post_init__(self) -> None:
        self.steady = Steady.of(one.seen for one in self.observations)

    @property
    def first(self) -> Observation:
        return self.observations[0]

    @property
    def other(self) -> Observation:
        """One that differs from the first, or the first itself."""
        return next((one for one in self.observations if not are_same(one.seen, self.first.seen)), self.first)

    def add(self, observation: Observation) -> None:
        self.observations.append(observation)
        self.steady = Steady.of(one.seen for one in self.observations)

    def is_like(self, observation: Observation) -> bool:
        """Whether this response might have been sent to the others as well."""
        return self.steady.is_like(observation.seen)


@dataclass(slots=True)
class Expected:
    """The variants of every URL."""

    _variants: dict[str, list[Variant]] = field(default_factory=dict)

    @property
    def all(self) -> list[Variant]:
        """Those that anonymous visitors were sent."""
        return [one for variants in self._variants.values() for one in variants if one.is_sure]

    def learn(self, observations: Iterable[Observation]) -> None:
        """Take what was sent to visitors who are the same for what is to be sent."""
        for observation in observations:
            if observation.counts:
                known = self._find(observation)
                if known is None:
                    self._add(Variant([observation]))
                else:
                    known.add(observation)

    def of(self, observation: Observation) -> Variant | None:
        """The variant that a cache would send to the same visitor.

        Where nobody was sent it yet, this observation is what others are compared with; unless
        the page differs by itself: how this variant does is not known.
        """
        known = self._find(observation)
        if known is not None:
            return known
        if all(one.steady.is_one for one in self._variants.get(observation.url, ())):
            self._add(Variant([observation], is_sure=False))
        return None

    def _find(self, observation: Observation) -> Variant | None:
        for variant in self._variants.get(observation.url, ()):
            if compatible(variant.first.selecting, observation.selecting):
                return variant
        return None

    def _add(self, variant: Variant) -> None:
        self._variants.setdefault(variant.first.url, []).append(variant)
