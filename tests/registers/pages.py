"""Addresses and pages of registers, and heads of their tables."""

import re

from django.urls import reverse

TRAINING = ["培训内容", "种类", "组织方", "培训日期", "学时"]
DOCUMENT = ["文件种类", "文件编号", "文件名称", "版本", "编制或修订人", "批准人", "实施日期"]


def url(page, lab, *args):
    return reverse(f"portal:{page}", args=[lab.slug, *args])


def post(client, lab, name, values, **extra):
    return client.post(url("register_new", lab, name), values, **extra)


def words(page):
    """What a person reads on the page."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.DOTALL).split())
