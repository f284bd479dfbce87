"""What every answer says to the browser, what is refused before a view sees it, and what reading a page writes."""

import hashlib
import json
import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import csp_report, documents, errors, limits, views
from portal.routes import Audience
from tests import make
from tests.portal.test_codes_page import TOKEN, published
from tests.test_routes import INSTITUTION_ROLES, ROUTES, address, asked, objects, signed_in

REPORT = {
    "document-uri": f"http://testserver/q/{TOKEN}?x=1",
    "effective-directive": "script-src-elem",
    "blocked-uri": "https://evil.example:8443/path?person=1",
    "line-number": 12,
    "original-policy": "default-src 'none'",
    "script-sample": "alert('许知远')",
}


@pytest.fixture
def alpha(db):
    return objects("alpha", "本院")


@pytest.fixture
def member(alpha):
    return signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))


def has_headers(answer, where):
    """Every header that every answer has, with the value it has everywhere."""
    found = {name: answer.get(name, "") for name in EVERYWHERE}
    embedded = {"Cross-Origin-Resource-Policy": "cross-origin"} if where[1:] == FOR_OTHER_SITES else {}
    assert found == EVERYWHERE | embedded, where
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy, where
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer"), where
    assert "Content-Encoding" not in answer, where
    assert answer["Permissions-Policy"].count("=()") > 20 and "camera=(self)" in answer["Permissions-Policy"], where


# The one picture that a page of somebody else may show.
FOR_OTHER_SITES = ("/directory/<slug:slug>/badge.svg", 200)
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Reporting-Endpoints": 'csp="/csp-report"',
}


def test_every_route_answers_with_every_header_to_members_and_to_nobody(alpha, member):
    for client in (member, Client()):
        client.defaults["HTTP_ACCEPT_ENCODING"] = "gzip, br"
        for route in ROUTES:
            for method in {*route.door.methods, "PUT"}:
                answer, _text = asked(client, address(route, alpha), method)
                has_headers(answer, (method, route.pattern, answer.status_code))
                kept = route.door.audience is Audience.PUBLIC and answer["Cache-Control"].startswith("public")
                assert kept or "no-store" in answer["Cache-Control"], (method, route.pattern)


@pytest.mark.django_db
def test_what_does_not_say_how_long_it_may_be_kept_is_not_kept(client):
    for path in ("/", "/verify/", "/login/", "/no/such/page", "/verify"):
        assert "no-store" in client.get(path)["Cache-Control"], path


@pytest.mark.django_db
def test_pages_of_ours_report_what_breaks_their_policy(client):
    policy = client.get("/")["Content-Security-Policy"]
    assert "report-uri /csp-report" in policy and "report-to csp" in policy


@pytest.mark.django_db
def test_a_scan_and_a_verification_stay_out_of_search_engines_and_tell_no_referrer(client):
    published()
    for path in (f"/q/{TOKEN}", f"/Q/{TOKEN}", f"/q/{TOKEN}.json", "/q/UNKNOWN"):
        answer = client.get(path)
        has_headers(answer, path)
        assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex", "no-referrer")
    assert client.get("/verify/")["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/")


@pytest.mark.django_db
def test_a_refused_scan_has_the_headers_too(client, monkeypatch):
    monkeypatch.setattr(limits, "limit", lambda *args, **kwargs: 5)
    has_headers(client.get("/q/UNKNOWN"), "429")


@pytest.mark.django_db
def test_static_files_have_the_headers_and_may_be_kept(client):
    answer = client.get("/static/portal/portal.css")
    assert answer.status_code == 200
    has_headers(answer, "static")
    assert "no-store" not in answer["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.django_db
def test_an_issued_file_has_the_headers_and_its_own_policy(client):
    content = b"%PDF-1.7"
    stored = documents.store("certificates/1", ".pdf", content)
    published(stored_as=stored, file_sha256=hashlib.sha256(content).hexdigest())
    answer = client.post("/verify/certificate.pdf", {"number": "JD26-00001", "code": "7K4P-9WQD"})
    has_headers(answer, "file")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [("/no/such/page", 404), ("/healthz/", 404), ("/q", 404), ("/verify", 301), ("/static/none.css", 404)],
)
def test_errors_and_redirects_have_the_headers(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    has_headers(answer, path)


@pytest.mark.django_db
def test_a_crash_and_a_wrong_host_have_the_headers(monkeypatch):
    client = Client(raise_request_exception=False)
    has_headers(client.get("/", headers={"Host": "evil.example"}), "host")
    monkeypatch.setattr(views, "render", lambda *args, **kwargs: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    has_headers(answer, "crash")


@pytest.fixture
def https(settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TRUSTED_PROXIES = ["192.0.2.1"]


@pytest.mark.django_db
def test_over_https_browsers_are_told_to_stay_there(https):
    answer = Client().get("/", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.django_db
def test_the_word_https_of_a_trusted_proxy_is_believed(https):
    answer = Client(REMOTE_ADDR="192.0.2.1").get("/", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_the_word_https_of_anybody_else_is_not(https):
    answer = Client(REMOTE_ADDR="198.51.100.1").get("/", headers={"X-Forwarded-Proto": "https"})
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/")


def test_production_asks_for_https_and_hsts():
    text = (settings.BASE_DIR / "config/settings.py").read_text(encoding="utf-8")
    assert re.search(r"^SECURE_HSTS_SECONDS = 365 \* 24 \* 60 \* 60 if HTTPS else 0$", text, re.MULTILINE)
    assert re.search(r"^SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS$", text, re.MULTILINE)


# --- reports


@pytest.fixture
def told(monkeypatch):
    """The facts of every violation that was logged."""
    found = []
    monkeypatch.setattr(views.log, "warning", lambda event, extra: found.append((event, extra)))
    return found


def report(client, body, content_type="application/csp-report"):
    return client.post("/csp-report", body, content_type=content_type).status_code


def test_a_report_is_one_event_without_address_sample_or_query(client, told):
    assert report(client, json.dumps({"csp-report": REPORT})) == 204
    blocked = "https://evil.example"
    facts = {"page": "portal:code", "directive": "script-src-elem", "blocked": blocked, "line": 12}
    assert told == [("csp.violation", facts)]


def test_reports_of_the_newer_kind_are_understood(client, told):
    body = {"documentURL": "http://testserver/login/", "effectiveDirective": "img-src", "blockedURL": "inline"}
    assert report(client, json.dumps([{"body": body}] * 30), "application/reports+json") == 204
    assert len(told) == csp_report.MOST
    assert told[0][1] == {"page": "accounts:login", "directive": "img-src", "blocked": "inline", "line": 0}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff\xfe", b"[[]]", b"null", b"7", b'{"csp-report": 7}', b'[{"body": null}]', b"[" * 9000,
        b'{"csp-report": NaN}', b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_and_not_logged(client, told, body):
    assert report(client, body) == 400
    assert told == []


@pytest.mark.parametrize("value", [7, None, [], {}, "x" * 2000, "a\nb", "http://[", "\ud800", True, 10**400])
def test_whatever_stands_in_a_report_is_told_in_a_few_words(client, told, value):
    assert report(client, json.dumps({"csp-report": dict.fromkeys(REPORT, value)})) == 204
    assert len(str(told)) < 400
    assert "\n" not in "".join(map(str, told[0][1].values()))


def test_a_long_report_is_refused(client, told):
    assert report(client, json.dumps({"csp-report": REPORT | {"x": "x" * 20_000}})) == 413
    assert told == []


def test_a_report_needs_no_token():
    assert report(Client(enforce_csrf_checks=True), json.dumps({"csp-report": REPORT})) == 204


def test_reports_are_limited(client, monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "csp_report", limits.Feature(60, 2, None, None))
    body = json.dumps({"csp-report": REPORT})
    assert [report(client, body) for _ in range(3)] == [204, 204, 429]


# --- refused before anything reads it


@pytest.mark.django_db
def test_a_change_that_another_site_asks_for_is_refused_before_the_view(client):
    answer = client.post("/verify/", {"number": "1", "code": "2"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "别的网站" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_a_change_from_our_own_page_passes(client, site):
    answer = client.post("/verify/", {"number": "1", "code": "2"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_a_link_from_another_site_opens(client):
    assert client.get("/verify/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/{'x' * 4000}", f"/?q={'x' * 4000}"])
def test_an_address_longer_than_any_of_ours_is_refused(client, path):
    answer = client.get(path)
    assert answer.status_code == 414
    assert "地址太长" in answer.content.decode()


@pytest.mark.django_db
def test_a_body_without_length_is_refused(client):
    answer = client.post("/verify/", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH="")
    assert answer.status_code == 411
    assert "没有写明长度" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("length", "status"), [("-1", 400), ("٣", 400), ("1e9", 400), ("9" * 5000, 413)])
def test_a_length_that_is_none_is_refused(client, length, status):
    assert client.generic("POST", "/verify/", b"", CONTENT_LENGTH=length).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(("charset", "status"), [("utf-16", 400), ("gbk", 400), ("UTF-8", 200)])
def test_text_that_says_it_is_not_utf8_is_refused(client, charset, status):
    answer = client.generic("GET", "/verify/", b"x", f"text/plain; charset={charset}")
    assert answer.status_code == status


@pytest.mark.django_db
def test_fields_that_are_too_many_or_too_long_are_told_so(client):
    many = "&".join(f"f{n}=1" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    long = "number=" + "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    for body in (many, long):
        answer = client.post("/verify/", body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 413
        assert "上限" in answer.content.decode()


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_answers_come_back_later(monkeypatch):
    def slow(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(5)")

    monkeypatch.setattr(views, "render", slow)
    answer = Client(raise_request_exception=False).get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, errors.RETRY_AFTER_SECONDS)


# --- reading writes nothing

WRITING = re.compile(r"^\s*(?:WITH .*)?(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO)\s+\"?(\w+)", re.I | re.S)
# Who looked is written down, and when the session was last used.
WRITTEN_BY_READING = {"portal_auditentry", "django_session", "institutions_usersession"}


def written(queries):
    found = (WRITING.match(query["sql"]) for query in queries)
    return {match.group(2) for match in found if match} - WRITTEN_BY_READING


def test_reading_a_page_changes_no_record(alpha, member):
    regulator = signed_in(make.regulator("4403"))
    for client in (member, regulator, Client()):
        for route in ROUTES:
            # Readiness tries a row and takes it back: that is its question.
            if "GET" in route.door.methods and route.door.audience is not Audience.OPERATIONS:
                with CaptureQueriesContext(connection) as queries:
                    asked(client, address(route, alpha), "GET")
                assert written(queries) == set(), route.pattern


@pytest.mark.django_db
def test_a_write_would_have_been_seen():
    with CaptureQueriesContext(connection) as queries:
        make.customer(make.institution(), "云岭水务")
    assert "institutions_customer" in written(queries)


# --- the browser


def test_a_browser_understands_the_headers_and_runs_no_inline_script(live_server, browser_page):
    said = []
    browser_page.on("console", lambda message: said.append(message.text))
    browser_page.goto(live_server.url + "/verify/")
    assert said == []
    ran = browser_page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'})),"
        " window.ran"
    )
    assert ran is None
    assert "Content Security Policy" in said[0]
