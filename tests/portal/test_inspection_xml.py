"""XML that strangers upload."""

import pytest

from portal.inspection import Unacceptable, xml

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;"><!ENTITY n "&m;&m;&m;&m;&m;&m;&m;&m;&m;&m;">]>
<a>&n;</a>"""


def test_plain_xml_is_taken_as_it_is():
    assert xml.inspect('<?xml version="1.0" encoding="UTF-8"?><a b="c">文本<d/></a>'.encode()) is None


def test_an_instruction_to_a_browser_does_no_harm_here():
    assert xml.inspect(b'<?xml-stylesheet href="x.xsl"?><a/>') is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (LAUGHS, "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DOCTYPE"),
        (b"<a>&undefined;</a>", "读不下去"),
        (b"<a>", "读不下去"),
        (b"", "读不下去"),
        (b"<a" + b' x1="1"' * 2 + b"/>", "读不下去"),
        (b"<a>" * 81, "嵌套超过 80 层"),
        (b"<a>" + b"<b/>" * 100_001 + b"</a>", "元素超过"),
        (b"<a " + b" ".join(b'a%d=""' % number for number in range(51)) + b"/>", "元素超过"),
        ("<?xml version='1.0' encoding='GBK'?><a>中</a>".encode("gbk"), "UTF-8"),
        ("<a/>".encode("utf-16"), "UTF-8"),
        (b"<a>\xff\xfe</a>", "读不下去"),
    ],
)
def test_xml_that_grows_refers_elsewhere_or_is_none_is_refused(content, sentence):
    with pytest.raises(Unacceptable, match=sentence):
        xml.inspect(content)
