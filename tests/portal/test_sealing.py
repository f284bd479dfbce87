"""Sealed text and keyed digests."""

import pytest

from portal import sealing

OLD, NEW = "o" * 43, "n" * 43


def test_a_sealed_text_opens_again(settings):
    settings.FIELD_KEYS = (NEW,)
    assert sealing.unseal(sealing.seal("110101199001011237")) == "110101199001011237"


def test_the_same_text_looks_different_every_time():
    assert sealing.seal("x") != sealing.seal("x")


def test_a_new_first_key_still_opens_what_the_old_one_sealed(settings):
    settings.FIELD_KEYS = (OLD,)
    sealed = sealing.seal("x")
    settings.FIELD_KEYS = (NEW, OLD)
    assert sealing.unseal(sealed) == "x"


def test_the_first_key_seals(settings):
    settings.FIELD_KEYS = (NEW, OLD)
    sealed = sealing.seal("x")
    settings.FIELD_KEYS = (NEW,)
    assert sealing.unseal(sealed) == "x"


@pytest.mark.parametrize("spoilt", ["", "no token", "é"])
def test_a_text_that_is_not_sealed_is_refused_with_a_sentence(spoilt):
    with pytest.raises(sealing.Unreadable, match="FIELD_KEY_FILE"):
        sealing.unseal(spoilt)


def test_a_text_of_a_lost_key_is_refused_with_a_sentence(settings):
    settings.FIELD_KEYS = (OLD,)
    sealed = sealing.seal("x")
    settings.FIELD_KEYS = (NEW,)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed)


def test_a_digest_differs_by_text_by_purpose_and_by_key(settings):
    settings.FIELD_KEYS = (OLD,)
    digests = {sealing.keyed_digest("a", "p"), sealing.keyed_digest("b", "p"), sealing.keyed_digest("a", "q")}
    settings.FIELD_KEYS = (NEW,)
    assert len(digests | {sealing.keyed_digest("a", "p")}) == 4


def test_a_digest_stays_the_same_when_a_key_is_put_in_front(settings):
    settings.FIELD_KEYS = (OLD,)
    digest = sealing.keyed_digest("a", "p")
    settings.FIELD_KEYS = (NEW, OLD)
    assert sealing.keyed_digest("a", "p") == digest
