"""Words of verdicts and table cells for certificate pages."""

from django import template

from certificates.conformity import VERDICT_WORDS, Verdict
from certificates.presentation import TONES
from portal.templatetags.portal import state_text

register = template.Library()


@register.filter
def item(row: dict, key: str) -> str:
    """The text of a row's cell in this column."""
    return row.get(key, "")


@register.simple_tag
def verdict_badge(code: str):
    """A verdict as shape and word."""
    verdict = Verdict(code)
    return state_text(TONES[verdict], VERDICT_WORDS[verdict][0])
