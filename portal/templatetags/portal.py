"""The portal's vocabulary of page pieces: every tag puts one template of templates/components/ on the page.

A state is always a shape and a word, so that it survives a black-and-white printer and a colour-blind reader.
Numbers reach these tags as text or Decimal and are never turned into float.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..history import printed_clause
from ..routes import others_who_open

register = template.Library()

THIN_SPACE = "\u2009"
MINUS = "\u2212"

TONES = ("ok", "due", "bad", "off", "progress")

# Which of the five tones a state has, wherever it appears. A new state is added here and nowhere else.
STATE_TONES = {
    "ok": "ok accepted active answered approved confirmed conforming current done fit granted in_force in_use issued linked met passed pass"
    " printed public sent valid written",
    "due": "due conditional_fail conditional_pass held noticed preview quarantined repair restricted returned review suspended undetermined",
    "bad": "bad anomaly dead expired fail failed lapsed nonconforming not_met overdue refused rejected revoked stopped unreadable"
    " upheld void withdrawn",
    "off": "off abandoned blank closed disabled draft dropped ended missing not_applicable not_stated out_of_use pending planned"
    " replaced retired scrapped sealed superseded unknown unproven",
    "progress": "progress announced assessed built checked in_lab in_progress new open proposed queued reading received recorded running"
    " signed submitted to_approve to_check validated writing",
}
TONE_OF = {name: tone for tone, names in STATE_TONES.items() for name in names.split()}

SHAPES = {
    "ok": '<circle cx="5" cy="5" r="5"/>',
    "due": '<path d="M5 .4L10 9.4H0z"/>',
    "bad": '<path d="M.4.4h9.2v9.2H.4z"/>',
    "off": '<path d="M0 4h10v2.2H0z"/>',
    "progress": '<path d="M5 0l5 5-5 5-5-5z"/>',
}

# The same tones on public pages: larger, with a mark inside, so that the shape speaks from an arm's length.
SEALS = {
    "ok": '<circle cx="12" cy="12" r="11"/><path d="M6.8 12.4l3.5 3.6 7-7.6"/>',
    "due": '<path d="M12 1.6L23.4 22H.6z"/><path d="M12 9v5.6M12 18v.6"/>',
    "bad": '<path d="M7.5 1.2h9l6.3 6.3v9l-6.3 6.3h-9l-6.3-6.3v-9z"/><path d="M8 8l8 8M16 8l-8 8"/>',
    "off": '<rect x="1.5" y="1.5" width="21" height="21" rx="2"/><path d="M7 12h10"/>',
}

MARK = SafeString(
    '<rect width="24" height="24" rx="3" fill="#14508c"/>'
    '<path d="M5 6v11M8.5 6v5M12 6v8M15.5 6v5M19 6v11" fill="none" stroke="#fff" stroke-width="1.6"/>'
)


@register.filter
def tone_of(state: str) -> str:
    """The tone of a state; a state the table does not know stays neutral rather than looking good or bad."""
    return TONE_OF.get(str(state).lower(), "off")


def grouped(text: str) -> str:
    """A plain number as it is printed: true minus sign, digits in threes apart by a thin space.

    Four decimals stay together (0.0256), five and more are grouped (0.000 15). Text that is no number comes back as is.
    """
    sign, digits = ("", text)
    if text[:1] in "+-" + MINUS:
        sign, digits = text[0].replace("-", MINUS), text[1:]
    whole, point, fraction = digits.partition(".")
    if not (whole + fraction).isdecimal() or not whole:
        return text
    first = len(whole) % 3
    groups = [whole[:first]] * bool(first) + [whole[i : i + 3] for i in range(first, len(whole), 3)]
    if len(fraction) > 4:
        fraction = THIN_SPACE.join(fraction[i : i + 3] for i in range(0, len(fraction), 3))
    return sign + THIN_SPACE.join(groups) + point + fraction


def written(value: Any) -> str:
    """Text of a number without exponent; None and nothing are a dash."""
    if value is None or value == "":
        return "—"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


@register.filter
def message_tone(level_tag: str) -> str:
    """The tone of a message of django.contrib.messages."""
    return {"error": "bad", "warning": "due", "success": "ok"}.get(level_tag, "progress")


@register.filter
def number(value: Any) -> str:
    """`-1234.5` as it stands on a screen: −1 234.5."""
    return grouped(written(value))


@register.filter
def signed(value: Any) -> str:
    """A number with its sign, as errors are written; zero has none."""
    text = written(value)
    try:
        positive = Decimal(text.replace(MINUS, "-")) > 0
    except InvalidOperation:
        return text
    return grouped("+" + text.lstrip("+") if positive else text)


@register.simple_tag
def quantity(value: Any, unit: str = "", sign: bool = False) -> SafeString:
    """A value and its unit that stay together, apart by a thin space. Source: GB/T 3101."""
    text = signed(value) if sign else number(value)
    return format_html('<span class="q">{}{}{}</span>', text, THIN_SPACE if unit else "", unit)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; silent for screen readers unless it has a label."""
    href = f"{static('portal/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def shape(tone: str) -> SafeString:
    """The shape of a tone: circle, triangle, square, dash or diamond. A word must stand beside it."""
    drawing = SafeString(SHAPES[tone if tone in SHAPES else tone_of(tone)])
    return format_html('<svg class="shape" viewBox="0 0 10 10" aria-hidden="true">{}</svg>', drawing)


@register.simple_tag
def badge(tone: str, label: str) -> SafeString:
    """A word on its tone, with the tone's shape."""
    tone = tone if tone in TONES else tone_of(tone)
    return format_html('<span class="badge {}">{}{}</span>', tone, shape(tone), label)


@register.simple_tag
def state_badge(state: str, label: str) -> SafeString:
    """The badge of a state, its tone looked up in STATE_TONES."""
    return badge(tone_of(state), label)


@register.simple_tag
def count_cell(tone: str, count: int, url: str, name: str) -> SafeString:
    """A figure of a due table that opens its rows; zero is grey and opens nothing. `name` says what is counted."""
    if not count:
        return format_html('<span class="count-cell none">{}</span>', count)
    return format_html(
        '<a class="count-cell {}" href="{}" aria-label="{} {}">{}{}</a>', tone, url, name, count, shape(tone), count
    )


@register.simple_tag
def state_text(tone: str, label: str) -> SafeString:
    """Shape and word without a background, for use inside sentences and narrow columns."""
    tone = tone if tone in TONES else tone_of(tone)
    return format_html('<span class="state {}-text">{}{}</span>', tone, shape(tone), label)


@register.simple_tag
def mark() -> SafeString:
    """The portal's mark, drawn in place so that the smallest page needs no further file."""
    return format_html('<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', MARK)


@register.simple_tag
def seal(tone: str) -> SafeString:
    """The large shape of a tone on public pages."""
    return format_html('<svg class="shape" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', SafeString(SEALS[tone]))


@register.simple_tag
def chip(tone: str, label: str) -> SafeString:
    """A word on its tone on public pages."""
    return format_html('<span class="chip {}">{}{}</span>', tone, seal(tone), label)


@register.simple_tag
def keys(*names: str, text: str = "") -> SafeString:
    """Keyboard keys and what they do."""
    drawn = SafeString(" ".join(format_html("<kbd>{}</kbd>", name) for name in names))
    return format_html("<span>{} {}</span>", drawn, text)


@register.inclusion_tag("components/clock.html")
def clock(day: Any, remaining: str, tone: str = "ok", share: Any = 0) -> dict[str, Any]:
    """A date, what remains of it in words, and a bar; `share` is the part used or left, 0 to 100."""
    return {"day": day, "remaining": remaining, "tone": tone, "share": share}


@register.inclusion_tag("components/notice.html")
def notice(tone: str, text: str, title: str = "", url: str = "", label: str = "") -> dict[str, Any]:
    """A sentence the reader must see before going on, with at most one link."""
    return {"tone": tone, "text": text, "title": title, "url": url, "label": label}


@register.inclusion_tag("components/empty.html")
def empty_state(title: str, text: str = "", url: str = "", label: str = "", icon_name: str = "inbox") -> dict[str, Any]:
    """An empty list that says what the first step is."""
    return {"title": title, "text": text, "url": url, "label": label, "icon_name": icon_name}


@register.inclusion_tag("components/facts.html")
def facts(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A grid of facts. Items: {"label", "value", and optionally "url", "note", "tone", "unit"}."""
    return {"items": list(items)}


@register.inclusion_tag("components/figure.html")
def figure(
    name: str, value: Any, unit: str = "", note: str = "", tone: str = "", sign: bool = False, big: bool = False
) -> dict[str, Any]:
    """One figure with its name and unit; with a tone the note carries shape and colour."""
    text = signed(value) if sign else number(value)
    return {"name": name, "value": text, "unit": unit, "note": note, "tone": tone, "big": big}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """Links between views of one thing. Items: {"title", "url", "current", optional "count"}."""
    return {"items": list(items), "label": label or _("视图")}


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What happened, newest first. Entries: {"at" (text), "title", optional "who", "text", "kind"};
    kind is one of now, back, void, later."""
    return {"entries": [{"kind": "", "who": "", "text": ""} | dict(entry) for entry in entries]}


def _read(source: Any, *names: str) -> Any:
    """The first of these names that the mapping or object knows."""
    for name in names:
        found = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        if found:
            return found
    return ""


@register.simple_tag(takes_context=True)
def others_for(context: template.Context, url: str) -> str:
    """The roles who can open the address, where whoever looks at the page cannot; otherwise ""."""
    actor = context.get("actor")
    return others_who_open(actor, url) if actor and url else ""


@register.inclusion_tag("components/refusals.html", takes_context=True)
def refusals(context: template.Context, items: Iterable[Any], title: str = "", hint: str = "") -> dict[str, Any]:
    """The refusals of an act, numbered, each with its clause and the one button that resolves it, or who has that button.

    Items are Refusals or mappings with "text" and optionally "clause", "title", "note", "link", "link_text".
    """
    rows = [
        {
            "title": _read(item, "title"),
            "text": _read(item, "text"),
            "note": _read(item, "note"),
            "clause": printed_clause(_read(item, "clause")),
            "link": _read(item, "link"),
            "action": _read(item, "link_text", "action") or _("去处理"),
            "others": others_for(context, _read(item, "link")),
        }
        for item in items
    ]
    return {"rows": rows, "title": title, "hint": hint}


@register.inclusion_tag("components/passed.html")
def passed(gates: Iterable[Any], all_url: str = "") -> dict[str, Any]:
    """The conditions that hold. Items: {"title", optional "clause"}."""
    rows = [{"title": _read(gate, "title", "text"), "clause": _read(gate, "clause")} for gate in gates]
    return {"rows": rows, "all_url": all_url}


@register.inclusion_tag("components/table.html")
def data_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """A list of records: filters, rows, count and paging. On a phone every row becomes a card.

    table: {"caption", "columns": [{"title", optional "numeric", "sort" ("ascending" | "descending"), "url"}],
    "rows": [[cell, ...]], optional "filters" [{"name", "label", "value", "kind": "search" | "select" | "date",
    "choices": [(value, text)]}], "clear_url", "count" (text), "previous_url", "next_url", "next_hint",
    "empty" {"title", "text", "url", "label"}, "dense", "ticks" (ticking.bar)}. A cell is text, or {"text", optional "url", "note", "tone",
    "badge" (state), "numeric", "day", "clock" {"day", "remaining", "tone", "share"}}; the first cell heads its row.
    """
    columns = list(table["columns"])
    rows = [[_cell(cell, column) for cell, column in zip(row, columns, strict=True)] for row in table["rows"]]
    if table.get("ticks"):
        for row, ref in zip(rows, table["ticks"]["refs"], strict=True):
            row[0]["tick"] = ref
    return {"table": table, "columns": columns, "rows": rows}


def _cell(cell: Any, column: Mapping[str, Any]) -> dict[str, Any]:
    """A table cell as its template reads it: every name present, numbers right-aligned by their column."""
    known = dict(cell) if isinstance(cell, Mapping) else {"text": cell}
    blank = not any(known.get(name) for name in ("text", "badge", "clock")) and known.get("text") != 0
    known["classes"] = " ".join(
        name
        for name, holds in (
            ("num", known.get("numeric", column.get("numeric"))),
            ("day", known.get("day", column.get("day"))),
            ("blank", blank),
        )
        if holds
    )
    return {
        name: known.get(name, "") for name in ("text", "url", "note", "tone", "badge", "label", "clock", "classes")
    } | {"title": column["title"], "blank": blank}


@register.inclusion_tag("components/field.html")
def field(bound: Any, unit: str = "", full: bool = False) -> dict[str, Any]:
    """A form field with label, hint and errors, tied together for screen readers."""
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_hint")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    attributes = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    kind = getattr(bound.field.widget, "input_type", "")
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attributes),
        "kind": "choices" if bound.use_fieldset else "tick" if kind == "checkbox" else "",
        "unit": unit,
        "full": full,
    }


@register.inclusion_tag("components/errors.html")
def error_summary(form: Any) -> dict[str, Any]:
    """All errors of a form in one place above it, each a link to its field."""
    rows = [
        {"id": _first_control(bound), "label": bound.label, "text": error}
        for bound in form.visible_fields()
        for error in bound.errors
    ]
    hidden = [{"id": "", "label": "", "text": text} for bound in form.hidden_fields() for text in bound.errors]
    return {"rows": [{"id": "", "label": "", "text": text} for text in form.non_field_errors()] + hidden + rows}


def _first_control(bound: Any) -> str:
    """The id of what the keyboard reaches first in this field."""
    return bound.subwidgets[0].id_for_label if bound.use_fieldset else bound.id_for_label


@register.inclusion_tag("components/sign.html", takes_context=True)
def sign_dialog(context: template.Context, act: Mapping[str, Any]) -> dict[str, Any]:
    """What will be signed, its hash, a box to tick and the button; a dialog with script, a section without.

    act: {"id", "title", "url", "facts": [{"label", "value", optional "tone"}], "statement", "submit",
    optional "hash", "opener" (the button that opens it; else only the section), "hidden" {name: value},
    "fields" (form or bound fields), "problems" (texts), "ticked" (the box was ticked before), "blocked" (what it
    waits for), "danger", "plain" (a button of second rank), "icon"}.
    """
    pieces = [act["hash"][start : start + 8] for start in range(0, len(act.get("hash", "")), 8)]
    kind = "danger" if act.get("danger") else "" if act.get("plain") else "primary"
    return {
        "act": {"icon": "signature"} | dict(act),
        "kind": kind,
        "hash": " ".join(pieces),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/upload.html")
def upload(
    name: str,
    label: str,
    hint: str = "",
    accept: str = "",
    max_bytes: int = 20 * 1024 * 1024,
    multiple: bool = False,
    errors: Sequence[str] = (),
) -> dict[str, Any]:
    """A place to drop files that is a plain file field without script; too large files are refused before sending."""
    return {
        "name": name,
        "label": label,
        "hint": hint,
        "accept": accept,
        "max_bytes": max_bytes,
        "max_megabytes": max_bytes // (1024 * 1024),
        "multiple": multiple,
        "errors": errors,
    }


@register.inclusion_tag("components/progress.html")
def progress(job: Mapping[str, Any]) -> dict[str, Any]:
    """Long work as the server knows it, so it survives a reload. Without script the page reloads itself.

    job: {"title", "url" (answers JSON {"state", "done", "total", "text", optional "result_url", "result_label"}),
    "state": "running" | "done" | "failed", "done", "total", "text", optional "result_url", "result_label"}.
    """
    return {"job": {"result_url": "", "result_label": ""} | dict(job)}


@register.inclusion_tag("components/datasheet.html", takes_context=True)
def datasheet(context: template.Context, sheet: Mapping[str, Any]) -> dict[str, Any]:
    """The grid of readings; its markup is described in templates/components/datasheet.html."""
    return {"sheet": sheet, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/mpe_chart.html")
def mpe_chart(points: Iterable[Mapping[str, Any]], unit: str, caption: str = "") -> dict[str, Any]:
    """Errors with their ±U against ±MPE, one row per point, as an inline drawing.

    points: [{"label", "error", "U", "mpe", optional "pending"}], numbers as text in `unit`; a point whose error is
    not known yet is drawn without a mark. All positions are computed with Decimal.
    """
    rows = [
        {
            "label": str(point["label"]),
            "error": _decimal(point.get("error")),
            "error_text": signed(point.get("error")),
            "U": _decimal(point.get("U")) or Decimal(0),
            "mpe": abs(_decimal(point.get("mpe")) or Decimal(0)),
            "pending": bool(point.get("pending")),
        }
        for point in points
    ]
    reach = max((max(row["mpe"], abs(row["error"] or 0) + row["U"]) for row in rows), default=Decimal(0))
    step = _step(reach)
    half = (reach or step) * Decimal("1.12")
    left, right, top, height = Decimal(52), Decimal(8), Decimal(8), Decimal(30)
    middle, scale = (left + 340 - right) / 2, (340 - left - right) / 2 / half

    def x(value: Decimal) -> Decimal:
        return (middle + value * scale).quantize(Decimal("0.1"), ROUND_HALF_EVEN)

    drawn = []
    for index, row in enumerate(rows):
        y = top + height * index + height / 2
        mark = {
            "label": row["label"],
            "y": y,
            "text_y": y + 4,
            "band_y": y - 9,
            "mpe_top": y - 10,
            "mpe_bottom": y + 10,
        }
        mark |= {"low": x(-row["mpe"]), "high": x(row["mpe"]), "width": x(row["mpe"]) - x(-row["mpe"])}
        if row["error"] is not None:
            low, high = x(row["error"] - row["U"]), x(row["error"] + row["U"])
            over = abs(row["error"]) > row["mpe"]
            mark |= {
                "marked": True,
                "x": x(row["error"]),
                "u_low": low,
                "u_high": high,
                "cap_top": y - 4,
                "cap_bottom": y + 4,
            }
            mark |= {"classes": " ".join(["over"] * over + ["pending"] * row["pending"])}
        drawn.append(mark)
    bottom = top + height * len(rows)
    many = int(half / step)
    ticks = [{"x": x(step * n), "text": signed(_plain(step * n))} for n in range(-many, many + 1)]
    largest = max((row for row in rows if row["error"] is not None), key=lambda row: abs(row["error"]), default=None)
    return {
        "rows": drawn,
        "ticks": ticks,
        "zero": x(Decimal(0)),
        "top": top,
        "bottom": bottom,
        "tick_y": bottom + 15,
        "height": bottom + 20,
        "unit": unit,
        "caption": caption,
        "largest": largest,
    }


def _decimal(value: Any) -> Decimal | None:
    """The number this text writes, or None when nothing is written."""
    if value is None or value == "":
        return None
    return value if isinstance(value, Decimal) else Decimal(str(value).replace(MINUS, "-"))


def _step(reach: Decimal) -> Decimal:
    """A distance between ticks of 1, 2 or 5 times a power of ten, with one to three ticks on each side of zero."""
    if reach <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(reach.adjusted())
    steps = (power * Decimal(factor) for factor in ("0.5", "1", "2", "5"))
    return next(step for step in steps if reach / step < 3)


def _plain(value: Decimal) -> str:
    """A tick's text: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
