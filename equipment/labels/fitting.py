"""An institution's name in the few lines that a label has for it: about equally long, and no word torn apart."""

import math
import re

# What is not torn apart where there is another way: words of the names of laboratories, and letters without a space.
WORDS = re.compile(
    "有限责任公司|股份有限公司|总局|有限公司|研究院|研究所|实验室|科学|技术|计量|校准|检测|检定|测试|测量|质量|监督|标准|中心|分院|分部|集团|仪器|仪表"
    r"|[^\W\u2e80-\uffff]+|[（(].*?[）)]"
)
TORN = 3.0  # how many letters a line may rather be longer or shorter than a word is torn


def in_lines(name: str, most: float) -> list[str]:
    """The name in as few lines of at most so many Chinese letters as hold it; a Latin letter counts half."""
    torn = {place for word in WORDS.finditer(name) for place in range(word.start() + 1, word.end())}
    lines, rest, at = [], name, 0
    for left in range(max(math.ceil(_width(name) / most), 1), 1, -1):
        cut = min(range(1, len(rest)), key=lambda place: _cost(rest, place, left, most, at + place in torn), default=0)
        lines.append(rest[:cut].strip())
        rest, at = rest[cut:], at + cut
    return [line for line in [*lines, rest.strip()] if line]


def _cost(rest: str, place: int, lines: int, most: float, is_torn: bool) -> float:
    """How bad it is to end the line there, with so many lines left for the rest of the name."""
    line, beyond = _width(rest[:place]), _width(rest[place:])
    too_long = max(line - most, 0) + max(beyond - (lines - 1) * most, 0)
    return abs(line - _width(rest) / lines) + TORN * is_torn + 100 * too_long


def _width(text: str) -> float:
    return sum(1 if ord(letter) >= 0x2E80 else 0.5 for letter in text)
