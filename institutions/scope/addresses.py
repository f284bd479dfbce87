"""Whether two addresses name the same place, as far as their writing can tell. Source: B-4.2-s3."""

import re
import unicodedata
from functools import lru_cache

_SAME = str.maketrans({"號": "号", "樓": "楼", "層": "楼", "层": "楼", "幢": "栋", "座": "栋", "區": "区"})
# Names of divisions that may stand before a road: a province or a city is often left out.
_DIVISIONS = re.compile(
    r"(?:中国|中华人民共和国)?(?:[^省市区县旗州盟]{1,12}(?:省|自治区|特别行政区|自治州|市|区|县|旗|盟))*"
)


@lru_cache(maxsize=1024)
def normalised(address: str) -> str:
    """The address without what only its writing has: spaces, punctuation, full width, 幢 for 栋, 层 for 楼."""
    folded = unicodedata.normalize("NFKC", address).casefold().translate(_SAME)
    return "".join(letter for letter in folded if letter.isalnum())


def same_address(one: str, other: str) -> bool:
    """Whether both name one place: equal as written, or one of them only leaves out its province, city or district."""
    longer, shorter = sorted((normalised(one), normalised(other)), key=len, reverse=True)
    if not shorter or not longer.endswith(shorter):
        return False
    return longer == shorter or _DIVISIONS.fullmatch(longer[: -len(shorter)]) is not None
