"""Make the demonstration and say who can sign in and what can be scanned."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from certificates.demo import world
from portal import alerts, evaluations


class Command(BaseCommand):
    """`manage.py demo [--json]`; a second run changes nothing and prints the same."""

    help = "Make three invented laboratories to look around in, and print logins and links. Not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to print JSON."""
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        """Build, scan and evaluate as every night does, and report. Raises: CommandError in production."""
        if settings.PRODUCTION:
            raise CommandError("demo makes accounts with a known password and does not run where APP_ENV=production.")
        now = timezone.now()
        report = world.build(now)
        world.look_back(timezone.localdate())
        alerts.run(timezone.localdate())
        world.care_for_alerts(now)
        evaluations.run(timezone.localdate())
        if as_json:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
            return
        for line in lines(report):
            self.stdout.write(line)


def lines(report: world.Report) -> list[str]:
    """The report for a terminal: a table of logins, the links, a number with its code."""
    heads = ("登录名", "密码", "验证码", "姓名", "角色", "机构")
    rows = [heads, *map(cells, report.logins)]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(text + " " * (wide - width(text)) for text, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    links = [f"{link.word}  {link.url}" for link in report.links]
    if verify := report.as_json()["verify"]:
        links.append(f"核验  {verify['url']}  证书编号 {verify['number']}  验证码 {verify['verification_code']}")
    links += [f"{pledge.word}  {pledge.url}  {pledge.institution}" for pledge in report.pledges]
    links.append(f"名录  {report.as_json()['directory']}")
    codes = "标“要”的登录还要动态验证码：登录页和签署框里会显示，也可以用 manage.py totp 登录名 取得。"
    return [*table, codes, "", *links]


def cells(login: world.Login) -> tuple[str, ...]:
    """The columns of a line."""
    asked = "要" if login.second_factor else ""
    return (login.login, login.password, asked, login.name, login.role, login.institution)


def width(text: str) -> int:
    """How many columns of a terminal the text takes: two for each wide character."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
