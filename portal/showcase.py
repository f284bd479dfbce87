"""Invented content for the development page that shows every component in every state."""

from django import forms
from django.utils.translation import gettext as _

POINTS = [("0", "0.0256"), ("0.4", "0.0256"), ("0.8", "0.0256"), ("1.2", "0.0256"), ("1.6", "0.040")]
READINGS = [
    ("up_before", "升压 轻敲前"),
    ("up_after", "升压 轻敲后"),
    ("down_before", "降压 轻敲前"),
    ("down_after", "降压 轻敲后"),
]
TYPED = [
    ["0.00", "0.00", "0.00", "0.00"],
    ["0.40", "0.41", "0.41", "0.41"],
    ["0.79", "0.80", "0.81", "0.81"],
    ["1.20", "1.21", "1.22", "1.22"],
    ["1.60", "1.61", "1.615", ""],
]
DERIVED = [
    ["0.00", "0.00", "0.00"],
    ["0.01", "+0.01", "0.00"],
    ["0.01", "+0.01", "0.01"],
    ["0.01", "+0.02", "0.01"],
    ["0.01", "+0.01", "—"],
]


class SampleForm(forms.Form):
    """A form with every kind of field."""

    name = forms.CharField(label=_("器具名称"), max_length=60)
    serial_number = forms.CharField(label=_("出厂编号"), help_text=_("照铭牌抄写；没有时写“无”，并在备注里说明。"))
    upper = forms.RegexField(
        r"^[0-9.]+$", label=_("测量上限"), error_messages={"invalid": _("只写数字，例如 1.6；单位是 MPa，不用写。")}
    )
    accuracy_class = forms.ChoiceField(label=_("准确度等级"), choices=[("1.6", "1.6"), ("2.5", "2.5"), ("4", "4")])
    kind = forms.ChoiceField(
        label=_("检定类别"), choices=[("first", "首次检定"), ("later", "后续检定")], widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("备注"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    urgent = forms.BooleanField(label=_("加急，按两个工作日交付"), required=False)


def sample_table() -> dict:
    """A register page: filters, two clocks for each row, paging by key."""
    rows = [
        (
            "LC-YB-0231",
            "活塞式压力计",
            "(0.1～6) MPa",
            "0.02 级",
            ("expired", "失效"),
            "2026-11-14",
            "超 6 天",
            "bad",
            100,
        ),
        ("LC-CD-0044", "量块 83 块组", "(0.5～100) mm", "3 等", ("due", "临期"), "2026-11-24", "剩 4 天", "due", 3),
        (
            "LC-YB-0108",
            "数字压力计",
            "(0～2.5) MPa",
            "0.05 级",
            ("active", "正常"),
            "2027-03-11",
            "剩 111 天",
            "ok",
            30,
        ),
        (
            "LC-LL-0005",
            "标准表法流量装置",
            "(0.5～120) m³/h",
            "U=0.08 %",
            ("to_check", "待确认"),
            "2027-05-06",
            "剩 167 天",
            "ok",
            46,
        ),
        ("LC-CD-0012", "数显卡尺", "(0～300) mm", "±0.03 mm", ("disabled", "停用"), "", "", "off", 0),
    ]
    cells = [
        [
            {"text": number, "url": f"#{number}"},
            {"text": name, "note": "北湾 压力室"},
            span,
            accuracy,
            {"text": state[1], "badge": state[0]},
            {"clock": {"day": day, "remaining": left, "tone": tone, "share": share}} if day else "",
            {"text": f"{1846 * (row + 1):,}".replace(",", "\u2009") if row else "0", "numeric": True},
        ]
        for row, (number, name, span, accuracy, state, day, left, tone, share) in enumerate(rows)
    ]
    return {
        "caption": "设备台账",
        "columns": [
            {"title": "管理编号"},
            {"title": "名称"},
            {"title": "范围"},
            {"title": "准确度"},
            {"title": "状态"},
            {"title": "溯源有效期", "sort": "ascending", "url": "?sort=-until"},
            {"title": "使用次数", "numeric": True},
        ],
        "rows": cells,
        "filters": [
            {"name": "q", "label": "编号、名称、出厂编号", "value": "", "kind": "search"},
            {
                "name": "site",
                "label": "场所",
                "value": "north",
                "kind": "select",
                "choices": [("north", "北湾"), ("east", "东屏")],
            },
            {"name": "until", "label": "有效期早于", "value": "", "kind": "date"},
        ],
        "clear_url": "?",
        "count": "第 1～5 行，共 186 行，按溯源有效期升序",
        "previous_url": "",
        "next_url": "?after=LC-CD-0012",
        "next_hint": "从 LC-CD-0012 之后继续",
    }


def sample_sheet() -> dict:
    """A half-filled data sheet with one refused cell and one amendment."""
    points = []
    for index, ((label, limit), texts, derived) in enumerate(zip(POINTS, TYPED, DERIVED, strict=True)):
        cells = [
            {"key": key, "label": name, "text": text, "was": "", "state": "saved", "message": ""}
            for (key, name), text in zip(READINGS, texts, strict=True)
        ]
        done = index < 4
        points.append(
            {
                "index": index,
                "label": label,
                "unit": "MPa",
                "cells": cells,
                "derived": [
                    {"key": "tap", "label": "轻敲位移", "text": derived[0]},
                    {"key": "error", "label": "示值误差", "text": derived[1], "strong": True},
                    {"key": "hysteresis", "label": "回程误差", "text": derived[2]},
                    {"key": "mpe", "label": "最大允许", "text": f"±{limit}", "limit": True},
                ],
                "verdict": {"tone": "ok" if done else "off", "label": "符合" if done else "待测"},
            }
        )
    points[2]["cells"][0]["was"] = "0.97"
    points[4]["cells"][2] |= {
        "state": "refused",
        "message": "未被接受。分度值 0.05 MPa 的表按 1/5 估读，读数应为 0.01 MPa 的整数倍。"
        "请重读指针后输入 1.61 或 1.62。",
    }
    return {
        "key": "showcase",
        "title": "示值检定",
        "hint": "读数估读至分度值的 1/5，即 0.01 MPa",
        "action": "/_components/",
        "save_url": "/_components/save/",
        "panel_id": "live-panel",
        "editable": True,
        "unit": "MPa",
        "point_label": "标准压力",
        "groups": [{"label": "升压示值", "span": 2}, {"label": "降压示值", "span": 2}],
        "columns": [{"key": key, "label": name.split()[1]} for key, name in READINGS],
        "derived": [
            {"key": "tap", "label": "轻敲位移", "unit": "MPa"},
            {"key": "error", "label": "示值误差", "unit": "MPa"},
            {"key": "hysteresis", "label": "回程误差", "unit": "MPa"},
            {"key": "mpe", "label": "最大允许误差", "unit": "MPa"},
        ],
        "points": points,
        "filled": 18,
        "total": 20,
        "saved_at": "10:42:07",
        "changes": [
            {
                "where": "0.8 MPa 升压 轻敲前",
                "was": "0.97",
                "now": "0.79",
                "who": "沈若川",
                "at": "10:36:51",
                "reason": "看错刻度",
            }
        ],
        "history_url": "#history",
    }


def sample_points() -> list[dict]:
    """The errors of the data sheet as the chart takes them; the last point waits for readings."""
    errors = ["0.00", "+0.01", "+0.01", "+0.02", "+0.01"]
    return [
        {"label": label, "error": error, "U": "0.0064", "mpe": limit, "pending": label == "1.6"}
        for (label, limit), error in zip(POINTS, errors, strict=True)
    ]


def sample_due() -> list[dict]:
    """How many of each kind are due when."""
    kinds = [
        ("标准器溯源", "有效期与计量确认", (1, 2, 2, 2), "活塞式压力计 LC-YB-0231", "已失效 6 天", "bad"),
        ("考核证书", "计量标准、社会公用", (0, 1, 1, 0), "〔2022〕示量标 0417 号", "剩 5 天", "due"),
        ("能力范围", "授权与认可附表", (0, 0, 0, 3), "认可附表 第 4 页 力学 12 项", "剩 52 天", "off"),
    ]
    windows = [("bad", "已失效"), ("due", "7 天内"), ("due", "30 天内"), ("off", "60 天内")]
    return [
        {
            "title": title,
            "note": note,
            "cells": [
                {"tone": tone, "count": count, "name": f"{title} {name}"}
                for (tone, name), count in zip(windows, counts, strict=True)
            ],
            "worst": worst,
            "remaining": remaining,
            "tone": tone,
        }
        for title, note, counts, worst, remaining, tone in kinds
    ]


def context() -> dict:
    """Everything the components page shows."""
    refused = SampleForm({"name": "一般压力表", "upper": "1.6 MPa"})
    refused.is_valid()
    digest = "7c19e4b05d2f83a691ce04f738ba6d12e05f7a9c44b1d8e32a6690cfb7135e8d"
    act = {
        "title": "您将要签的内容",
        "url": "/_components/",
        "facts": [
            {"label": "文件", "value": "校准证书，3 页"},
            {"label": "编号", "value": "批准时分配，不预占"},
            {"label": "结论", "value": "5 点示值与 U (k = 2)"},
            {"label": "签字身份", "value": "冯亦然 · 授权签字人（力学）", "tone": "ok"},
        ],
        "hash": digest,
        "statement": "我看过以上内容和改动记录，并以上述身份批准。签署后不可修改，只能追加或代替。",
        "submit": "批准并签署",
    }
    return {
        "form": SampleForm(initial={"name": "一般压力表", "upper": "1.6"}),
        "refused_form": refused,
        "sheet": sample_sheet(),
        "due": sample_due(),
        "points": sample_points(),
        "table": sample_table(),
        "empty_table": sample_table()
        | {
            "rows": [],
            "count": "",
            "next_url": "",
            "empty": {
                "title": "还没有设备",
                "text": "先登记一台，或者把现有的台账从 Excel 导入；导入时逐行报告哪里要改。",
                "url": "#new",
                "label": "登记第一台设备",
            },
        },
        "act": act | {"id": "sign-dialog", "opener": "批准并签署…"},
        "blocked_act": act | {"id": "sign-blocked", "blocked": "先解决 3 项拒绝"},
        "badges": [
            ("ok", "正常"),
            ("due", "临期"),
            ("bad", "失效"),
            ("off", "停用"),
            ("progress", "进行中"),
            ("issued", "已签发"),
            ("returned", "已退回"),
            ("void", "已作废"),
            ("draft", "草稿"),
            ("submitted", "待核验"),
        ],
        "facts": [
            {"label": "送检单位", "value": "海曙热力有限公司"},
            {"label": "器具", "value": "一般压力表 Y-100"},
            {"label": "测量范围", "value": "(0～1.6) MPa，带止销"},
            {"label": "准确度等级", "value": "1.6 级，分度值 0.05 MPa"},
            {"label": "出厂编号", "value": "21087743", "url": "#item"},
            {"label": "承诺日", "value": "2026-11-18 逾期 2 天", "tone": "bad"},
            {"label": "检定依据", "value": "JJG 52-2013", "note": "现行"},
            {"label": "最佳 CMC", "value": "0.0018", "unit": "MPa"},
        ],
        "tabs": [
            {"title": "全部", "url": "?", "current": True, "count": 186},
            {"title": "60 天内到期与失效", "url": "?due=60", "count": 7},
            {"title": "待计量确认", "url": "?confirm=1", "count": 3},
            {"title": "外出", "url": "?out=1", "count": 0},
        ],
        "timeline": [
            {
                "at": "11-20 09:12",
                "title": "等待批准",
                "who": "冯亦然",
                "text": "闸门检查 3 项拒绝，21 项通过",
                "kind": "now",
            },
            {"at": "11-19 16:40", "title": "核验通过", "who": "许知远（核验员）", "text": "复算 5 点，差值 0"},
            {
                "at": "11-18 10:22",
                "title": "退回",
                "who": "许知远",
                "text": "环境记录不连续，缺 14:00～14:20",
                "kind": "back",
            },
            {"at": "11-17 17:31", "title": "提交核验", "who": "沈若川（校准员）"},
        ],
        "refusals": [
            {
                "clause": "C-6.4.2.3-s3",
                "title": "符合性声明没有说明如何计及不确定度",
                "text": "声明“符合 0.4 级”，但合同评审未选判定规则。",
                "note": "最大误差 0.0030 MPa，U 0.0021 MPa，MPEV 0.0064 MPa：常用规则都符合，但须先与客户约定。",
                "link": "#review",
                "link_text": "在合同评审选定规则",
            },
            {
                "clause": "B-5.8-d",
                "title": "所用标准器在校准日没有有效溯源",
                "text": "活塞式压力计 LC-YB-0231 证书 2026-11-14 到期，校准日 2026-11-17。",
                "link": "#standard",
                "link_text": "更换标准器并重测",
            },
            {
                "clause": "B-5.7-d-s2",
                "text": "冯亦然“力学 / 压力”授权 2026-11-18 到期，批准日 2026-11-20。",
                "link": "#people",
            },
        ],
        "passed": [
            {"title": title}
            for title in (
                "机构资质有效",
                "方法现行有效",
                "能力范围覆盖",
                "CMC 不大于 U",
                "三人互不相同",
                "原始记录齐全",
                "环境在要求内",
                "改动均有原因",
                "单位为法定计量单位",
            )
        ],
        "jobs": [
            {
                "title": "批量签发 20 份证书",
                "state": "running",
                "done": 7,
                "total": 20,
                "text": "正在生成第 8 份",
                "url": "/_components/progress/",
            },
            {
                "title": "导入设备台账",
                "state": "done",
                "done": 186,
                "total": 186,
                "text": "全部导入，3 行有提示",
                "result_url": "#report",
                "result_label": "看逐行报告",
            },
            {
                "title": "生成证据包",
                "state": "failed",
                "done": 4,
                "total": 9,
                "text": "一份证书的存档与哈希不符，已停止",
                "result_url": "#why",
                "result_label": "看原因",
            },
        ],
    }
