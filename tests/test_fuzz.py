"""Whatever is sent to whatever address by whomever: no answer is a failure of ours (E11.53).

Forms are found by opening every page and reading them, so that a new form is sent nonsense by being there.
"""

import json
import re
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import quote_from_bytes
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import Resolver404, resolve

from tests import make
from tests.test_routes import INSTITUTION_ROLES, address, objects, signed_in
from tests.test_routes import ROUTES as ALL_ROUTES

# A red readiness answers 503, which is what it is asked.
ROUTES = [route for route in ALL_ROUTES if route.name != "portal:readyz"]
FORM = "application/x-www-form-urlencoded"
MARKUP = b"'><script>{{ x }}{% y %}</script>"
# Each as the bytes that travel.
NASTY = {
    "nothing": b"",
    "nul": b"a\x00b",
    "surrogate": "\ud800".encode("utf-8", "surrogatepass"),
    "not utf-8": b"\xff\xfe\x80",
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "huge number": b"1e400",
    "huge written out": b"1" + b"0" * 400,
    "tiny": b"1e-999999",
    "huge exponent": b"1e999999999999",
    "past bigint": b"9223372036854775808",
    "negative": b"-1",
    "arabic digit": "٣".encode(),
    "full width": "１２３．４".encode(),
    "superscript": "²".encode(),
    "no such day": b"2026-02-30",
    "last day": b"9999-12-31",
    "first day": b"0001-01-01",
    "far day": b"12345-01-01",
    "emoji": "👩🏽‍🔬".encode(),
    "right to left": "\u202egpj.exe\u2066".encode(),
    "long": "长".encode() * 10_000,
    "markup": MARKUP,
    "lines": b"a\r\nSet-Cookie: a=b\r\n\x1b[31m",
    "quote": b"' OR 1=1 --",
    "format": b"%s%n{0.__class__}",
}  # fmt: skip


KINDS = list(NASTY.values())


class Forms(HTMLParser):
    """Address -> names and first values of the fields that the forms of a page send there."""

    def __init__(self, page_address):
        super().__init__()
        self.page, self.found, self.by_id, self.here, self.select = page_address, {}, {}, None, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            action = (given.get("action") or self.page).partition("?")[0]
            self.here = self.found.setdefault((given.get("method", "get").lower(), action), {})
            self.by_id[given.get("id")] = self.here
        fields = self.by_id.get(given.get("form"), self.here) if given.get("form") else self.here
        name = given.get("name")
        if fields is None or not name or name == "csrfmiddlewaretoken":
            if tag == "option" and self.select and not self.select[0].get(self.select[1]):
                self.select[0][self.select[1]] = given.get("value", "")
            return
        if tag == "select":
            self.select = fields, name
            fields.setdefault(name, "")
        elif tag in ("input", "textarea", "button"):
            fields.setdefault(name, None if given.get("type") == "file" else given.get("value") or "1")

    def handle_endtag(self, tag):
        if tag == "form":
            self.here = None
        if tag == "select":
            self.select = None


@pytest.fixture(autouse=True)
def nobody_waits(settings):
    settings.RATE_PROFILE = "relaxed"


class World(dict):
    """The objects of an institution by what they feed, and the forms of its pages, once a test has looked for them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.forms = {}


@pytest.fixture(scope="module")
def made(rows_of_module):
    return World(objects("alpha", "本院"))


@pytest.fixture
def alpha(db, made):
    return made


def browser(user=None):
    client = signed_in(user) if user else Client()
    client.raise_request_exception = False
    return client


@pytest.fixture
def everybody(alpha):
    """Browsers of somebody with all roles, of a regulator, and of nobody."""
    member = make.user(make.institution("alpha"), *INSTITUTION_ROLES)
    return {"member": browser(member), "regulator": browser(make.regulator("4403")), "nobody": browser()}


@pytest.fixture
def each_role(alpha):
    lab = make.institution("alpha")
    return {str(role): browser(make.user(lab, role)) for role in INSTITUTION_ROLES}


def answered(client, method, url, body=b"", content_type=FORM, **extra):
    """The status of the answer; what the request changed is taken back, as is a failure inside the database."""
    with transaction.atomic():
        answer = client.generic(method, url, body, content_type=content_type, **extra)
        content = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    assert MARKUP not in content or "html" not in answer["Content-Type"], url
    return answer.status_code


def encoded(fields):
    """Fields as a query or a body; values are bytes, or lists of them."""
    pairs = [
        (name, value) for name, values in fields.items() for value in (values if isinstance(values, list) else [values])
    ]
    return "&".join(f"{travelling(name.encode())}={travelling(value)}" for name, value in pairs)


@cache
def travelling(value):
    """The bytes as they are sent; a long run of letters unquoted, which would take most of the time of these tests."""
    if len(value) > 10_000 and value.decode().isalnum():
        return value.decode()
    return quote_from_bytes(value)


def some(values, turn, count):
    """So many of the values, going on where the turn before ended: each address meets a few, all addresses meet all."""
    return [values[place % len(values)] for place in range(turn * count, (turn + 1) * count)]


def forms_of(alpha, client, *, guess=False):
    """Every route with a method it takes and the fields that some page sends there.

    `guess`: where no page has a form for an address that takes posts, the fields of all forms.
    """
    if not alpha.forms:
        alpha.forms.update(forms_found(alpha, client))
    found = alpha.forms
    everything = {name: value for fields in found.values() for name, value in fields.items()}
    for route in ROUTES:
        for method in set(route.door.methods) & {"GET", "POST"}:
            fields = found.get((route.name, method)) or (everything if guess and method == "POST" else {})
            if method == "GET" and not fields and "ref" in route.arguments:
                continue  # the page of one row asks nothing of its address
            paging = {"q": "x", "after": "x", "before": "", "next": "/"} if method == "GET" else {}
            yield route, method, paging | fields


def forms_found(alpha, client):
    """Name of a view and method -> fields, from the forms of every page."""
    found = {}
    for route in ROUTES:
        if "GET" in route.door.methods:
            url = address(route, alpha)
            parser = Forms(url)
            page = client.get(url)
            parser.feed("" if page.streaming else page.content.decode("utf-8", "replace"))
            for (method, action), fields in parser.found.items():
                try:
                    name = resolve(action).view_name
                except Resolver404:
                    continue
                found.setdefault((name, method.upper()), {}).update(fields)
    return found


def sent(client, method, url, fields):
    """The status of the answer to these fields, in the query or in a body as the method has it."""
    if method == "GET":
        return answered(client, "GET", f"{url}?{encoded(fields)}")
    return answered(client, "POST", url, encoded(fields).encode())


def plain(fields):
    return {name: (value or "").encode() for name, value in fields.items()}


def test_the_forms_of_the_pages_are_found(alpha, everybody):
    found = {(route.name, method): fields for route, method, fields in forms_of(alpha, everybody["member"])}
    assert {"number", "code"} <= set(found["portal:verify", "POST"])
    assert {"reason"} <= set(found["equipment:quarantine", "POST"])
    assert any(name.startswith("r-") for name in found["certificates:readings", "POST"])


def test_nonsense_in_all_fields_at_once(alpha, everybody):
    for turn, (route, method, fields) in enumerate(forms_of(alpha, everybody["member"], guess=True)):
        for who, client in everybody.items():
            # Whoever holds no right is turned away before a field is read, and a query has few fields.
            count = 2 if who != "member" else 3 if method == "GET" else 8
            names = {*fields, *(ASKED if method == "GET" else ())}
            rounds = [
                {name: KINDS[(start + place) % len(NASTY)] for place, name in enumerate(sorted(names))}
                for start in some(range(len(NASTY)), turn, count)
            ]
            if (who, method) == ("member", "GET"):
                rounds.append(dict.fromkeys(names, MARKUP))
            for mixed in rounds:
                status = sent(client, method, address(route, alpha), mixed)
                assert status < 500, (who, method, route.pattern, mixed)


def test_nonsense_in_one_field_among_sound_ones(alpha, everybody):
    turn = 0
    for route, method, fields in forms_of(alpha, everybody["member"]):
        for name in {re.sub(r"\d+", "#", name): name for name in fields}.values():  # of numbered fields the last one
            (value,) = some(KINDS, turn := turn + 1, 1)
            status = sent(everybody["member"], method, address(route, alpha), plain(fields) | {name: value})
            assert status < 500, (method, route.pattern, name, value[:30])


def test_every_role_may_send_nonsense(alpha, each_role, everybody):
    forms = [found for found in forms_of(alpha, everybody["member"]) if found[1] == "POST"]
    for turn, (role, client) in enumerate(each_role.items()):
        for place, (route, method, fields) in enumerate(forms[turn % 5 :: 5]):
            (value,) = some(KINDS, turn + place, 1)
            status = sent(client, method, address(route, alpha), dict.fromkeys(fields, value))
            assert status < 500, (role, route.pattern, value[:30])


def test_lists_where_one_value_is_expected_and_names_like_indexes(alpha, everybody):
    for route, method, fields in forms_of(alpha, everybody["member"]):
        sample = {name: [(value or "").encode(), b"x", b""] for name, value in fields.items()}
        sample |= {f"{name}{end}": b"1" for name in fields for end in ("[]", "[0]", ".x", "__gt")}
        assert sent(everybody["member"], method, address(route, alpha), sample) < 500, (method, route.pattern)


# What addresses ask besides the fields of forms: filters of lists, choices, days, where to go on.
ASKED = [
    "person",
    "state",
    "role",
    "due",
    "on",
    "queue",
    "mine",
    "procedure",
    "same",
    "customer",
    "promise",
    "result",
    "page",
]
QUERIES = ["%", "%zz", "=", "&&&=;", "q=%ff%fe", "a=1&a=2&a=3", "q=%00", "after=%ED%A0%80", "\xff", "x" * 2500]


def test_a_malformed_query(alpha, everybody):
    for turn, route in enumerate(ROUTES):
        for query in some(QUERIES, turn, 1) if "GET" in route.door.methods else ():
            status = answered(everybody["member"], "GET", address(route, alpha), QUERY_STRING=query)
            assert status < 500, (route.pattern, query)


CONTENT_TYPES = [
    "text/plain; charset=rot13", "text/plain; charset=utf-16", "text/plain; charset=idna", "text/plain; charset=\x00",
    f"{FORM}; charset*=rot13''x", f"{FORM}; charset*=nosuch''x", "multipart/form-data; boundary*=nosuch''x; boundary=x",
    ";", "; =", "a; b*=''", "a; b*0*=utf-8''%ff; b*1=x", "\xff; charset=\xff", "a;" * 5000,
]  # fmt: skip


@pytest.fixture
def connections_kept():
    """The server's entry closes connections around each request, as a test's own one must not be."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_a_content_type_that_is_none_at_the_very_door(db, connections_kept):
    """Through the server's own entry: the test client makes its requests otherwise."""
    from config.wsgi import application

    for content_type in CONTENT_TYPES:
        for path in ("/", "/verify/", "/q/UNKNOWN", "/login/", "/no/such/page", "/static/portal/portal.css"):
            for method in ("GET", "POST"):
                given = {"PATH_INFO": path, "REQUEST_METHOD": method, "CONTENT_TYPE": content_type}
                environ = given | {"QUERY_STRING": "q=%e4%b8", "CONTENT_LENGTH": "1", "wsgi.input": BytesIO(b"x")}
                setup_testing_defaults(environ)
                told = []
                application(environ, lambda status, headers, told=told: told.append(status)).close()
                assert int(told[0][:3]) < 500, (content_type, path, method)


PATHS = ["%00", "%ff%fe", "%ED%A0%80", "%F0%9F%98%80", "x" * 2500, "%", "%2e%2e%2f", "%0d%0aX: y", "٣", "%E2%80%AE"]


def test_a_malformed_path(alpha, everybody):
    for turn, route in enumerate(ROUTES):
        for name in route.arguments:
            for part in some(PATHS, turn, 3):
                url = address(route, alpha, **{name: part})
                for client in (everybody["member"], everybody["nobody"]):
                    assert answered(client, next(iter(route.door.methods)), url) < 500, (route.pattern, name, part)


FILES = [
    ("", b""), ("a\x00.pdf", b"%PDF-1.7"), ("../../a.pdf", b"%PDF-1.7"), ("长" * 5000 + ".pdf", b"%PDF-1.7"),
    ("\u202efdp.exe", b"MZ"), ("a.pdf\r\nX: y", b"%PDF-"), ("a.PDF", b"%PDF-1.7"), ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0"),
    ("a.json", b'{"a": NaN}'), ("a.json", b"[" * 100_000), ("a.json", b"\xff\xfe"), ("a.json", b'"\\ud800"'),
    ("a.json", b"1" + b"0" * 5000), ("a.json", b'{"a": 1e999999}'), (".pdf", b"%PDF-"), ("a" * 300, b"%PDF-"),
]  # fmt: skip


def test_files_that_are_none(alpha, everybody):
    uploads = [
        found for found in forms_of(alpha, everybody["member"]) if found[1] == "POST" and None in found[2].values()
    ]
    assert {route.name for route, _method, _fields in uploads} >= {"portal:verify", "equipment:trace"}
    for turn, (route, _method, fields) in enumerate(uploads):
        for name, content in some(FILES, turn, 6):
            file = SimpleUploadedFile("x", content)
            file._name = name  # as it is, past the class that would clean it
            body = encode_multipart(
                BOUNDARY, {key: value or "" for key, value in fields.items() if value is not None}
                | {key: file for key, value in fields.items() if value is None},
            )  # fmt: skip
            status = answered(everybody["member"], "POST", address(route, alpha), body, MULTIPART_CONTENT)
            assert status < 500, (route.pattern, name, content[:20])


BODIES = [
    (b"--x\r\n", "multipart/form-data"), (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"", "multipart/form-data; boundary="), (b"x", "multipart/form-data; boundary=" + "x" * 300),
    (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', "multipart/form-data; boundary=x"),
    (b'--x\r\nContent-Disposition: form-data; name="pdf"; filename="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
     b"!!!\r\n--x--", "multipart/form-data; boundary=x"),
    (b'--x\r\nContent-Disposition: form-data; name*=rot13\'\'a\r\n\r\n1\r\n--x--', "multipart/form-data; boundary=x"),
    (b'--x\r\nContent-Disposition: form-data; name="number"\r\nContent-Type: text/plain; charset=rot13\r\n\r\n1\r\n--x--',
     "multipart/form-data; boundary=x"),
    (b"a=%zz&%ff=1&=&==", FORM), (b"\xff\xfe", FORM), (b"a=1", f"{FORM}; charset=utf-16"),
    (b"a=1", "multipart/form-data; charset=idna; boundary=x"), (b"{}", "application/json; charset=utf-16"),
    *((b"\xff\x00{[", kind) for kind in ("application/json", "multipart/form-data; boundary=x", "text/xml", "")),
    (b"", "application/json"), (b"", "text/xml"), (b"a", "\x00"), (b"a", "x" * 5000), (b"<a/>", "text/xml"),
    (b"&".join(b"a%d=1" % n for n in range(5001)), FORM),
]  # fmt: skip


def test_a_malformed_body(alpha, everybody):
    for turn, route in enumerate(route for route in ROUTES if "POST" in route.door.methods):
        for body, content_type in some(BODIES, turn, 5):
            for client in (everybody["member"], everybody["nobody"]):
                status = answered(client, "POST", address(route, alpha), body, content_type)
                assert status < 500, (route.pattern, body[:100], content_type[:60])


CELL = {"point": 0, "key": "up", "text": "1", "mode": "typed", "reason": "", "seen": ""}
ODD = [None, True, -1, 10**400, 1.5, "\ud800", "\x00", "NaN", "1e999999", "٣", "长" * 10_000, [], {}, [[]], {"a": {}}]
JSON = [
    b"", b"null", b"[]", b"7", b'"x"', b"{", b'{"cells": NaN}', b"[" * 10_000, b"\xff", b'{"cells": "abc"}',
    b'{"cells": [1, null, []]}', b'{"cells": [], "cells": {}}', b'{"cells": {"a": 1}}', b"1" * 5000,
]  # fmt: skip


def test_json_that_is_none(alpha, everybody):
    bodies = [*JSON, *(json.dumps({"cells": [CELL | {key: odd}]}).encode() for key in CELL for odd in ODD)]
    for turn, route in enumerate(route for route in ROUTES if "POST" in route.door.methods):
        for body in bodies if route.name == "certificates:readings" else some(JSON, turn, 3):
            status = answered(everybody["member"], "POST", address(route, alpha), body, "application/json")
            assert status < 500, (route.pattern, body[:200])


HEADERS = [
    {"HTTP_COOKIE": "session=\x00; csrf=\xff"}, {"HTTP_COOKIE": "session=" + "x" * 8000}, {"HTTP_COOKIE": ";=;,\"\\"},
    {"HTTP_COOKIE": "session=" + "a" * 32 + "; csrf=" + "Ω".encode().decode("latin-1")}, {"HTTP_COOKIE": "session=%00%ff"},
    {"HTTP_HOST": "\x00"}, {"HTTP_HOST": "[::1"}, {"HTTP_HOST": "testserver:99999999"}, {"HTTP_HOST": ""},
    {"HTTP_X_FORWARDED_FOR": "\xff, , 1.2.3.4.5, ::ffff:999"}, {"REMOTE_ADDR": "unix:"}, {"REMOTE_ADDR": ""},
    {"HTTP_ACCEPT": "application/json" * 500}, {"HTTP_ACCEPT_LANGUAGE": "zh;q=NaN," * 200}, {"HTTP_REFERER": "http://[x"},
    {"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": "http://["}, {"HTTP_IF_MODIFIED_SINCE": "Thu, 99 Foo 99999"},
    {"HTTP_IF_NONE_MATCH": "\xff"}, {"HTTP_RANGE": "bytes=9-1,-"}, {"HTTP_SEC_FETCH_SITE": "\x00"},
    {"CONTENT_LENGTH": "x"}, {"CONTENT_LENGTH": "-5"}, {"CONTENT_LENGTH": "٣"}, {"HTTP_TRANSFER_ENCODING": "chunked"},
    {"HTTP_X_REQUESTED_WITH": "\xff"}, {"HTTP_X_CSRFTOKEN": "\x00" * 200}, {"HTTP_X_FORWARDED_PROTO": "\xff"},
]  # fmt: skip


def test_malformed_headers(alpha, everybody, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies = everybody["member"].cookies
    for turn, route in enumerate(ROUTES):
        # Headers are read before the view: every kind of door meets all of them, each door a few.
        for place, extra in enumerate(HEADERS):
            if place % 9 == turn % 9:
                for method in set(route.door.methods) & {"GET", "POST"}:
                    # Whoever reads shows no token: the two would be asked alike.
                    for client in (everybody["member"], strict) if method == "POST" else (strict,):
                        status = answered(client, method, address(route, alpha), b"a=1", **extra)
                        assert status < 500, (method, route.pattern, extra)


def test_a_failure_would_be_seen(alpha, monkeypatch):
    from portal import views

    monkeypatch.setattr(views, "render", lambda *args, **kwargs: 1 / 0)
    assert answered(browser(), "GET", "/") == 500
