"""How often one may: per address, user and institution, in Redis and without it."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from portal import limits
from portal.actors import Actor
from portal.routes import Audience, door, routes
from tests import make
from tests.portal.test_codes_page import TOKEN, published

AWAY = "redis://127.0.0.1:1/0"
FIGURES = limits.Feature(60, 5, 3, 4)


@pytest.fixture(autouse=True)
def small_figures(monkeypatch, settings):
    settings.RATE_PROFILE = "normal"
    monkeypatch.setitem(limits.FEATURES, "export", FIGURES)


@pytest.fixture(params=["redis", "away"])
def either(request, settings):
    """Once with Redis, once without."""
    if request.param == "away":
        settings.REDIS_URL = AWAY


def asked(address="192.0.2.1", user=None, lab=None, method="GET"):
    request = RequestFactory().generic(method, "/anything/?q=1", REMOTE_ADDR=address)
    request.actor = Actor(name="x", user_id=user, institution_id=lab)
    return request


def uses(*requests, feature="export", **kwargs):
    """For every request whether it was let through."""
    return [limits.limit(feature, request, **kwargs) == 0 for request in requests]


def test_an_address_has_its_figure_and_not_one_use_more(either):
    assert uses(*[asked()] * 6) == [True] * 5 + [False]


def test_another_address_has_a_figure_of_its_own(either):
    uses(*[asked()] * 6)
    assert uses(asked("192.0.2.2")) == [True]


def test_a_user_has_a_figure_over_all_addresses(either):
    assert uses(*[asked(f"192.0.2.{n}", user=7) for n in range(4)]) == [True] * 3 + [False]


def test_an_institution_has_a_figure_over_all_users(either):
    assert uses(*[asked(f"192.0.2.{n}", user=n, lab=1) for n in range(1, 6)]) == [True] * 4 + [False]


def test_a_subject_counts_where_nobody_is_signed_in(either):
    assert uses(*[asked(f"192.0.2.{n}") for n in range(4)], subject="mei") == [True] * 3 + [False]


def test_a_refused_use_is_not_counted_for_anybody(either):
    uses(*[asked(user=7)] * 5)  # three for the user and the address, two refused
    assert uses(*[asked()] * 3) == [True, True, False]


def test_one_feature_does_not_use_up_another(either):
    uses(*[asked()] * 6)
    assert uses(asked(), feature="pdf") == [True]


def test_the_wait_is_what_is_left_of_the_window(either):
    uses(*[asked()] * 5)
    assert 0 < limits.limit("export", asked()) <= FIGURES.seconds


def test_a_local_window_ends(settings, monkeypatch):
    settings.REDIS_URL = AWAY
    now = 1000.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    assert uses(*[asked()] * 6)[-1] is False
    now += FIGURES.seconds
    assert uses(asked()) == [True]


def test_an_ipv6_line_counts_once_with_all_its_addresses(either):
    assert uses(*[asked(f"2001:db8:1:2::{n}") for n in range(6)]) == [True] * 5 + [False]
    assert uses(asked("2001:db8:1:3::1")) == [True]


def test_an_ipv4_address_written_as_ipv6_is_the_same_address():
    assert limits.network_of("::ffff:192.0.2.1") == "192.0.2.1"


def test_a_forwarded_address_counts_only_when_a_trusted_proxy_says_so(settings):
    requests = [asked() for _ in range(6)]
    for n, request in enumerate(requests):
        request.META["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{n}"
    assert uses(*requests)[-1] is False
    settings.TRUSTED_PROXIES = ["192.0.2.1"]
    assert uses(*requests) == [True] * 6


def test_the_relaxed_profile_allows_a_hundred_times_as_much(settings):
    settings.RATE_PROFILE = "relaxed"
    assert all(uses(*[asked()] * 500))
    assert uses(asked()) == [False]


def test_uses_at_the_same_instant_are_counted_each(either):
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _n: uses(asked())[0], range(12)))
    assert sorted(found) == [False] * 7 + [True] * 5


def test_counts_are_shared_by_processes_and_say_no_address():
    limits.limit("export", asked(user=7))
    keys = list(limits.server(limits.settings.REDIS_URL).scan_iter(f"{limits.PREFIX}:*"))
    assert len(keys) == 2
    assert not any(b"192.0.2.1" in key for key in keys)


def test_every_count_ends_by_itself():
    limits.limit("export", asked(user=7))
    server = limits.server(limits.settings.REDIS_URL)
    assert all(0 < server.ttl(key) <= 60 for key in server.scan_iter(f"{limits.PREFIX}:*"))


def test_redis_that_accepts_and_says_nothing_holds_up_one_use_only(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        assert uses(*[asked()] * 6) == [True] * 5 + [False]
        silent.setblocking(False)
        silent.accept()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_local_counts_stay_few_and_forget_single_uses_first():
    counts = limits.LocalCounts()
    counts.LARGEST = 100
    for _ in range(3):
        counts.counted([("busy", 3)], 60)
    for n in range(500):
        counts.counted([(f"key{n}", 3)], 60)
    assert len(counts.counts) <= 100
    assert counts.counted([("busy", 3)], 60)


# --- doors


@door("GET", "POST", to=Audience.PUBLIC, limit="upload")
def upload(request):
    return HttpResponse("taken")


@door("GET", to=Audience.PUBLIC, limit="search")
def listing(request):
    return HttpResponse("listed")


def knock(view, method="GET", path="/"):
    return view(RequestFactory().generic(method, path)).status_code


def test_opening_the_form_is_no_upload(monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "upload", FIGURES)
    assert {knock(upload) for _ in range(10)} == {200}
    assert [knock(upload, "POST") for _ in range(6)] == [200] * 5 + [429]


def test_opening_a_list_is_no_search(monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "search", limits.Feature(60, 2, None, None, "query"))
    assert {knock(listing) for _ in range(10)} == {200}
    assert [knock(listing, path="/?q=x") for _ in range(3)] == [200, 200, 429]


def test_a_door_with_a_limit_nobody_knows_is_a_mistake_of_the_programmer():
    with pytest.raises(KeyError, match="serach"):
        door("GET", limit="serach")


def test_the_refusal_says_when_to_try_again():
    answer = limits.refused(asked(), 61)
    assert (answer.status_code, answer["Retry-After"]) == (429, "61")
    assert "请在 2 分钟后再试" in answer.content.decode()


def test_the_refusal_is_a_sentence_for_a_script():
    request = RequestFactory().get("/", headers={"Accept": "application/json"})
    assert b"message" in limits.refused(request, 5).content


def test_a_refused_form_of_a_member_keeps_what_was_typed(client):
    request = RequestFactory().post(
        "/i/alpha/equipment/new/", {"name": "砝码", "password": "geheim"}, headers={"Origin": "http://testserver"}
    )
    request.resolver_match = resolve("/i/alpha/equipment/new/")
    page = limits.refused(request, 5).content.decode()
    assert 'value="砝码"' in page
    assert "geheim" not in page


LIMITED = {route.pattern: route.door.limit for route in routes() if route.door and route.door.limit}


def test_what_costs_much_has_a_limit():
    lab = "/i/<slug:slug>/"
    expected = {
        "/csp-report": "csp_report",
        "/verify/certificate.pdf": "pdf",
        f"{lab}orders/": "search",
        f"{lab}equipment/": "search",
        f"{lab}certificates/": "search",
        f"{lab}records/": "search",
        f"{lab}certificates/<slug:ref>/preview.pdf": "pdf",
        f"{lab}certificates/<slug:ref>/certificate.pdf": "pdf",
        f"{lab}equipment/<slug:ref>/trace/": "upload",
        f"{lab}procedures/new/": "upload",
        "/o/": "search",
    }
    assert LIMITED.items() >= expected.items()


@pytest.mark.django_db
def test_a_member_who_searches_too_often_waits(client, monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "search", limits.Feature(60, None, 2, None, "query"))
    lab = make.institution()
    client.force_login(make.user(lab, "operator"))
    assert [client.get("/i/alpha/orders/?q=x").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/i/alpha/orders/").status_code == 200


# --- scans and verification: only misses are counted (E10.50)


@pytest.fixture
def two_misses(monkeypatch):
    for feature in ("code_miss", "verify_miss"):
        monkeypatch.setitem(limits.FEATURES, feature, limits.Feature(60, 2, None, None, "any"))


@pytest.mark.django_db
def test_after_its_misses_an_address_is_refused_for_unknown_codes_and_answered_for_known_ones(
    either, client, two_misses
):
    published()
    assert [client.get(f"/q/UNKNOWN{n}").status_code for n in range(3)] == [404, 404, 429]
    assert [client.get(path).status_code for path in (f"/q/{TOKEN}", f"/q/{TOKEN}.json")] == [200, 200]
    assert client.get("/q/UNKNOWN.json").status_code == 429


@pytest.mark.django_db
def test_a_known_code_asks_redis_nothing(client, monkeypatch):
    published()
    monkeypatch.setattr(limits, "server", lambda url: pytest.fail("Redis was asked"))
    monkeypatch.setattr(limits._local, "counted", lambda *args: pytest.fail("a hit was counted"))
    assert client.get(f"/q/{TOKEN}").status_code == 200


@pytest.mark.django_db
def test_without_redis_a_scan_is_one_read(client, settings, django_assert_num_queries):
    published()
    settings.REDIS_URL = AWAY
    with django_assert_num_queries(1):
        assert client.get(f"/q/{TOKEN}").status_code == 200
    with django_assert_num_queries(1):
        assert client.get("/q/UNKNOWN").status_code == 404


@pytest.mark.django_db
def test_after_its_misses_an_address_verifies_right_numbers_only(either, client, two_misses):
    published()
    right = {"number": "JD26-00001", "code": "7K4P-9WQD"}
    wrong = right | {"code": "7K4P-9WQE"}
    assert [client.post("/verify/", wrong).status_code for _ in range(3)] == [200, 200, 429]
    assert client.post("/verify/", right).status_code == 200


@pytest.mark.django_db
def test_asking_for_files_with_guessed_codes_is_the_same_guessing(client, two_misses):
    wrong = {"number": "JD26-00001", "code": "7K4P-9WQE"}
    assert [client.post("/verify/certificate.pdf", wrong).status_code for _ in range(3)] == [404, 404, 429]
    assert client.post("/verify/", wrong).status_code == 429


@pytest.mark.django_db
def test_misses_of_the_scan_and_of_the_verification_are_counted_apart(client, two_misses):
    for n in range(3):
        client.get(f"/q/UNKNOWN{n}")
    assert Client().post("/verify/", {"number": "1", "code": "2"}).status_code == 200
