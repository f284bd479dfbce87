"""Places as people type them: a code of an administrative division, the name of a province, or a part of an address."""

from django.db.models import Q

from portal import searching

# The first two digits of every code. Source: GB/T 2260.
PROVINCES = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区", "21": "辽宁省", "22": "吉林省",
    "23": "黑龙江省", "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省",
    "37": "山东省", "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区", "61": "陕西省", "62": "甘肃省",
    "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区", "71": "台湾省", "81": "香港特别行政区",
    "82": "澳门特别行政区",
}  # fmt: skip
SHORTEST = 2


def is_code(place: str) -> bool:
    """Whether the text is a code or the beginning of one."""
    return place.isascii() and place.isdigit()


def province(region_code: str) -> str:
    """The name of the province in which the division lies, or "" for a code that is none."""
    return PROVINCES.get(region_code[:2], "")


def within(place: str) -> Q:
    """Entries of the directory at the place. A province is also found by the beginning of its name."""
    if is_code(place):
        return Q(region_code__startswith=place)
    found = Q(words__contains=searching.plain(place))
    for code, name in PROVINCES.items():
        if len(place) >= SHORTEST and name.startswith(place):
            found |= Q(region_code__startswith=code)
    return found
