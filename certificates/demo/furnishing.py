"""What an institution of the demonstration has before its first certificate: places, people, papers, scope, equipment."""

import json
from pathlib import Path
from typing import Any

from certificates.models import Procedure
from institutions.models import Customer, Method, MethodAdoption, Qualification, ScopeItem, Site
from orders import workflow as orders

from . import developments, registers
from .equipping import equip
from .laboratory import Laboratory, employ

PROCEDURE = Path(__file__).parent.parent / "procedures" / "pressure_gauge_general.json"
PAPERS = {"file": "资质证书（示）.pdf", "annex": "能力附表（示）.pdf"}
SCOPE = {"low": "range_low", "high": "range_high", "a": "cmc_constant", "b": "cmc_slope"}


def furnish(lab: Laboratory) -> None:
    """The institution has everything that certificates rest on. Needs the scope of the institution."""
    plan = lab.plan
    employ(lab)
    for site in plan["sites"]:
        lab.sites.append(lab.store(Site, **registers.columns(lab, Site, site)))
    held = [_qualification(lab, row) for row in plan["qualifications"]]
    registers.fill(lab)
    _qualify(lab, held)
    developments.authorise(lab)
    equip(lab)
    definition = json.loads(PROCEDURE.read_text(encoding="utf-8"))
    lab.procedure = lab.store(
        Procedure, state=Procedure.State.APPROVED, code=definition["code"], version=1, title=definition["title"],
        method=Method.objects.get(code=definition["method"]), definition=definition,
        approved_by=lab.employments[f"{lab.prefix}-technical"],
    )  # fmt: skip
    for customer in plan["customers"]:
        blank = Customer(institution=lab.institution, contact=lab.says("设备科"), **customer)
        lab.customers.append(orders.add_customer(blank, actor=lab.actor("reception"), at=lab.now))


def _qualify(lab: Laboratory, held: list[Qualification]) -> None:
    """By which methods and within which limits the institution measures, on the qualifications it holds."""
    methods = {method.code: method for method in Method.objects.filter(owner=None)}
    for row in lab.plan["scope"]:
        line = {SCOPE.get(name, name): value for name, value in ({"site": 0, "b": "0"} | row).items()}
        qualification = held[line.pop("qualification")]
        facts = registers.columns(lab, ScopeItem, line)
        lab.store(ScopeItem, qualification=qualification, valid_from=qualification.valid_from, **facts)
    for number, row in enumerate(lab.plan["methods"], 1):
        adopted = {
            "method": methods[row["code"]], "site": lab.sites[row.get("site", 0)], "verified_on": lab.day(row["verified"]),
            "verified_by": lab.employments[f"{lab.prefix}-technical"],
        }  # fmt: skip
        report = lab.says(f"验〔2023〕{number:02d}")
        lab.store(
            MethodAdoption, report_number=report, file=registers.document(lab, "方法验证记录（示）.pdf"), **adopted
        )


def _qualification(lab: Laboratory, row: dict[str, Any]) -> Qualification:
    """A qualification with its papers; one that needs no annex has none."""
    needs = row["kind"] in Qualification.FOR_CALIBRATION
    papers = {name: row.get(name, file if needs or name == "file" else "") for name, file in PAPERS.items()}
    facts = {name: row[name] for name in ("kind", "number", "issuer")} | papers
    facts |= {"valid_from": row["from"]} | ({"valid_until": row["until"]} if "until" in row else {})
    return lab.store(Qualification, **registers.columns(lab, Qualification, facts))
