"""Pages of long lists: the last beside the first, and searching beside both, among the rows of many institutions.

Everything is asked as a page asks it, by the portal's own role under row-level security.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.test import RequestFactory
from django.urls import reverse

from equipment import finders
from equipment.models import Equipment
from equipment.views import equipment_list
from institutions.finders import scope as scope_finder
from institutions.models import Institution, Method, Qualification, ScopeItem, Site, Training
from portal import searching
from portal.actors import Actor
from portal.finding import Wanted
from portal.paging import page_of
from portal.permissions import Role
from portal.tenancy import tenant

from . import rows as many
from .laboratory import Bench
from .measure import Line, in_turn

ROWS, OTHERS, EACH = 100_000, 100, 2_000  # rows of the one, how many others there are, and rows of each of these
BEFORE_THE_END = 50
ROUNDS = 9
SLUG = "lists-"
QUANTITIES = (
    "压力", "温度", "湿度", "电流", "电压", "电阻", "频率", "长度", "角度", "质量", "流量", "转速", "硬度", "扭矩", "振动", "噪声",
    "照度", "粘度", "密度", "浊度",
)  # fmt: skip
DEVICES = (
    "表", "计", "变送器", "校验仪", "标准器", "传感器", "记录仪", "检定装置", "测试仪", "校准器", "精密表", "数字表", "指示器", "控制器",
    "分析仪", "天平", "砝码", "量块", "信号源", "分流器",
)  # fmt: skip
NAME = f"(ARRAY{list(QUANTITIES)})[1 + n % 20] || (ARRAY{list(DEVICES)})[1 + (n / 20) % 20]".replace("%", "%%")
DAY = "DATE '2026-06-01' + ((n::bigint * 7919) %% 730)::int"
# What people type: names of which one in 400 or one in 20 fits, parts of numbers, what is not there, initials.
TYPED = {"name": "压力表", "kind": "数字表", "number": "YB-0123", "serial": "9F3A7", "nothing": "钛合金"}
# What no index of three neighbouring letters can look up.
SCANNED = {"two-letters": "压力", "points": "0.0"}


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """The register of equipment, the lines of scope, and a register as it comes; each of so many rows in one institution."""
    big, rounds = _fill(bench), min(rounds, ROUNDS)
    actor = Actor.member(name="bench", institution_id=big.pk, roles=[Role.QUALITY_MANAGER])
    with tenant(big.pk):
        equipment = Equipment.objects.visible_to(actor).select_related("site").defer("words")
        fields = ("asset_number", "name", "serial_number", "model")
        yield from _depths("equipment", equipment, ("turn", "due_on", "pk"), rounds)
        yield from _searches(
            "equipment", equipment, ("turn", "due_on", "pk"), fields, partial(finders.equipment, actor, big), rounds
        )
        yield from _whole_pages(big, actor, rounds)
        scope = ScopeItem.objects.visible_to(actor).select_related("method", "site", "qualification")
        fields = ("instrument", "measurand", "method__code", "line_number")
        order = ("instrument", "measurand", "pk")
        yield from _depths("scope", scope, order, rounds)
        yield from _searches("scope", scope, order, fields, partial(scope_finder, actor, big), rounds)
        trainings = Training.objects.visible_to(actor).select_related("trainer", "plan")
        yield from _depths("trainings", trainings, ("-held_on", "-pk"), rounds)


def _depths(name: str, rows: QuerySet, order: tuple[str, ...], rounds: int) -> Iterator[Line]:
    """The first page beside the one that ends with the last row."""
    place = rows.order_by(*order)[rows.count() - BEFORE_THE_END - 1].ref
    spent = in_turn(rounds, first=partial(_page, rows, order), last=partial(_page, rows, order, after=place))
    yield Line(f"lists/{name}-last-page", spent["first"], spent["last"], "<=2.00")


def _whole_pages(big: Institution, actor: Actor, rounds: int) -> Iterator[Line]:
    """The register's page as it is sent, with its views counted and its badges judged: the last, and what a search finds."""
    rows = Equipment.objects.visible_to(actor).order_by("turn", "due_on", "pk")
    place = rows[rows.count() - BEFORE_THE_END - 1].ref

    def page(**query: str) -> None:
        request = RequestFactory().get(reverse("equipment:list", args=[big.slug]), query)
        request.actor, request.institution, request.user = actor, big, AnonymousUser()
        request.session = {}
        answer = equipment_list.__wrapped__(request, big.slug)
        if answer.status_code != 200:
            raise RuntimeError(f"the page of the register answered {answer.status_code}")

    spent = in_turn(
        rounds, bare=partial(_page, rows.select_related("site").defer("words"), ("turn", "due_on", "pk")), first=page,
        last=partial(page, after=place), name=partial(page, q=TYPED["name"]), nothing=partial(page, q=TYPED["nothing"]),
    )  # fmt: skip
    yield Line("lists/register-last-page", spent["first"], spent["last"], "<=2.00")
    yield Line("lists/register-name", spent["first"], spent["name"], "<=10.00")
    yield Line("lists/register-nothing", spent["first"], spent["nothing"], "<=10.00")
    yield Line("lists/register-whole-to-rows", spent["bare"], spent["first"], "")


def _page(rows: QuerySet, order: tuple[str, ...], **place: str) -> None:
    if len(page_of(rows, *order, request=RequestFactory().get("/", place)).rows) > 50:
        raise RuntimeError("the bench did not do what it measures")


def _searches(
    name: str, rows: QuerySet, order: tuple[str, ...], fields: tuple[str, ...], finder: Callable[..., Any], rounds: int
) -> Iterator[Line]:
    def search(text: str) -> None:
        _page(rows.filter(searching.holding(rows.model, [text], fields)), order)

    def scan() -> None:
        """What every search would cost without an index: each row of the institution looked at."""
        list(rows.filter(**{f"{fields[1]}__icontains": "钛合金"}).order_by(*order)[:51])

    def everywhere(text: str) -> None:
        list(finder(Wanted.typed(text)))

    works: dict[str, Callable[[], Any]] = {key: partial(search, text) for key, text in (TYPED | SCANNED).items()}
    works["initials"] = partial(everywhere, "ylb")
    works["everywhere"] = partial(everywhere, TYPED["name"])
    spent = in_turn(rounds, page=partial(_page, rows, order), scan=scan, **works)
    for key in (*TYPED, "initials", "everywhere"):
        yield Line(f"lists/{name}-{key}", spent["page"], spent[key], "<=10.00")
    for key in SCANNED:
        yield Line(f"lists/{name}-{key}", spent["scan"], spent[key], "<=1.20")


def _fill(bench: Bench) -> Institution:
    """One institution with long lists beside others with short ones. Returns: the one."""
    known = Institution.objects.filter(slug=f"{SLUG}0").first()
    if known:
        return known
    labs = Institution.objects.bulk_create(
        Institution(
            slug=f"{SLUG}{n}", name=f"长表{n}计量所", short_code=f"L{n}", credit_code=f"LIST{n:014d}", region_code="440300",
            address="x", phone="x", complaint_phone="x",
        )
        for n in range(OTHERS + 1)
    )  # fmt: skip
    with many.sorted_in_afterwards(Equipment, ScopeItem, Training):
        for lab in labs:
            with tenant(lab.pk):
                _rows_of(lab, bench.scaled(ROWS if lab is labs[0] else EACH))
    return labs[0]


def _rows_of(lab: Institution, count: int) -> None:
    day = date(2026, 1, 1)
    site = Site.objects.create(institution=lab, name="实验室", address="x")
    device = Equipment(
        institution=lab, site=site, role=Equipment.Role.STANDARD, manufacturer="仪表厂（示）", range_text="(0～1) MPa",
        unit="MPa", accuracy="0.05 级", traced_from=day,
    )  # fmt: skip
    many.copied(
        device, count, name=NAME, due_on=DAY, asset_number="'YB-' || lpad(n::text, 6, '0')", model="'XY-' || n %% 97",
        serial_number="upper(left(md5(n::text || 'a'), 10))",
        state="CASE WHEN n %% 20 = 0 THEN 'quarantined' ELSE 'in_use' END",
    )  # fmt: skip
    paper = Qualification.objects.create(
        institution=lab, kind=Qualification.Kind.CNAS, number="L1", issuer="CNAS", valid_from=day
    )
    line = ScopeItem(
        institution=lab, qualification=paper, site=site, method=Method.objects.filter(owner=None).first(), field="力学",
        range_low=0, range_high=1, unit="MPa", cmc_constant=1, valid_from=day,
    )  # fmt: skip
    many.copied(
        line, count, instrument=NAME, measurand="'示值 ' || n %% 7", limits="n::text", valid_until=DAY,
        line_number="'YB-' || lpad(n::text, 6, '0') || upper(left(md5(n::text || 'a'), 10))",
    )  # fmt: skip
    training = Training(institution=lab, kind=Training.Kind.TECHNICAL, hours=4)
    many.copied(training, count, title="'第' || n || '期培训'", held_on=DAY)
