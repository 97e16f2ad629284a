"""Which parts of a graph run where, as ONNX Runtime tells once it has loaded it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
PROVIDERS = ("auto", "cpu", "cuda")  # what may be asked for
PLACES = {CPU: "the CPU", CUDA: "the GPU"}


@dataclass(frozen=True)
class Placement:
    """Nodes of one graph: provider -> operator -> how many it runs. The best provider comes first."""

    nodes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, wanted: Iterable[str], assigned: Iterable[tuple[str, str]]) -> "Placement":
        """wanted : providers, the best first; assigned : (provider, operator) of each node"""
        found: dict[str, Counter[str]] = {provider: Counter() for provider in wanted}
        for provider, operator in assigned:
            found.setdefault(provider, Counter())[operator] += 1
        return cls({provider: dict(counts.most_common()) for provider, counts in found.items() if counts})

    @property
    def provider(self) -> str:
        """The best provider that runs any node at all."""
        return next(iter(self.nodes), CPU)

    @property
    def mixed(self) -> bool:
        return len(self.nodes) > 1

    def sentence(self) -> str:
        """
        >>> Placement.of([CUDA, CPU], [(CUDA, "MatMul"), (CUDA, "TopK"), (CPU, "Shape")]).sentence()
        '2 of 3 nodes run on the GPU; on the CPU: Shape'
        >>> Placement.of([CPU], [(CPU, "MatMul"), (CPU, "TopK")]).sentence()
        'all 2 nodes run on the CPU'
        """
        counts = {provider: sum(operators.values()) for provider, operators in self.nodes.items()}
        first, *others = self.nodes or [CPU]
        where = PLACES.get(first, first)
        if not others:
            return f"all {counts.get(first, 0)} nodes run on {where}"
        named = [f"on {PLACES.get(other, other)}: {_listed(self.nodes[other])}" for other in others]
        return "; ".join([f"{counts[first]} of {sum(counts.values())} nodes run on {where}", *named])


def _listed(operators: dict[str, int]) -> str:
    return ", ".join(name if n == 1 else f"{n} {name}" for name, n in operators.items())
