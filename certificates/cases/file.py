"""A file of cases: read, and every case given to what works it out."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, DecimalException
from typing import Any

from certificates.cases import distributions, examples, lists
from certificates.cases.comparing import Outcome
from certificates.cases.fields import Fields, NotUnderstood


def load(text: str) -> dict[str, Any]:
    """The file of cases with every number a Decimal that keeps its digits. Raises: ValueError for other JSON."""
    found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ValueError("a file of cases is a JSON object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number a case can carry")


def run(cases: Fields) -> tuple[list[Outcome], list[str]]:
    """Every case of the file worked out, and the ids of those that could not be understood."""
    outcomes: list[Outcome] = []
    unknown: list[str] = []
    for identity, work in _everything(cases):
        try:
            outcomes.append(work(identity))
        except (NotUnderstood, KeyError, TypeError, AttributeError, ValueError, IndexError, DecimalException):
            # A case in a form nobody foresaw is not understood; it is listed, and it neither passes nor fails.
            unknown.append(identity)
    return outcomes, unknown


def _everything(cases: Fields) -> Iterator[tuple[str, Callable[[str], Outcome]]]:
    for index, example in enumerate(cases.get("examples", ())):
        yield str(example.get("id", f"examples[{index}]")), lambda identity, case=example: _example(identity, case)
    for name, content in cases.items():
        if name == "examples":
            continue
        if isinstance(content, list) and all(isinstance(case, dict) for case in content):
            for index, case in enumerate(content):
                yield f"{name}[{index}]", lambda identity, case=case, name=name: _listed(identity, name, case)
        elif isinstance(content, dict) and re.match(r"(k|t)_", name):
            yield from lists.factors(name, content)


def _example(identity: str, example: Fields) -> Outcome:
    kind = str(example.get("kind", ""))
    for words, work in _KINDS:
        if any(word in kind for word in words):
            return work(identity, example)
    for fields, work in _FORMS:
        if all(field in example for field in fields):
            return work(identity, example)
    raise NotUnderstood(f"examples of kind {kind!r}")


def _listed(identity: str, name: str, case: Fields) -> Outcome:
    for words, work in _LISTS:
        if any(word in name for word in words):
            return work(identity, case)
    raise NotUnderstood(f"cases called {name}")


Work = Callable[[str, Fields], Outcome]
_LISTS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("rounding", "revision"), lists.rounding),
    (("limit",), lists.limit_judgement),
    (("decision", "conformity"), lists.decision),
    (("report",), lists.reporting),
    (("welch", "nu_eff", "dof", "degrees"), lists.welch),
    (("risk", "pfa", "probability"), lists.risk),
    (("k_", "coverage", "t_factor"), lists.factor),
    (("type_a",), examples.type_a),
)
_KINDS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("type_a", "typea"), examples.type_a),
    (("type_b", "typeb", "resolution"), examples.single),
    (("range",), examples.by_range),
    (("pooled",), examples.pooled),
    (("relative",), examples.relative),
    (("least_squares", "line"), examples.line),
    (("distribution", "monte"), distributions.distribution),
    (("simultaneous", "multivariate", "correlated_readings", "multi_output"), examples.simultaneous),
    (("welch",), lists.welch),
    (("risk",), lists.risk),
)
# Examples of a kind with another name are told by what they carry.
_FORMS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("models",), examples.simultaneous),
    (("outputs",), examples.simultaneous),
    (("model", "inputs"), examples.budget),
    (("inputs", "expected"), examples.budget),
    (("readings", "expected"), examples.type_a),
    (("x", "y", "expected"), examples.line),
    (("cases",), distributions.distribution),
)
