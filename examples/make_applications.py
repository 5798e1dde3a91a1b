"""Write `applications.csv`: the 240 applications of the demonstration, 228 of them good.

Everything is invented (`invented_town.py`); citizen numbers carry the division 990101. The script is deterministic; a
test runs it and compares. It reads the sample catalogue for the names of columns.
"""
# ruff: noqa: INP001 - a script of its own, no package

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from invented_town import BRANDS, CITY, DISTRICTS, DIVISION, FOODS, PRODUCTS, SCOPES, Organisation, Town

from registry.number_format import NumberValues, parse_number_format
from signer.precheck import last_day
from signer.sheet_rows import COMMON
from signer.sheets import write_sheet
from verify.check_characters import citizen_character
from verify.food_numbers import make_food_business_number

OUTPUT = Path(__file__).parent / "applications.csv"

Row = dict[str, str]


def base(town: Town, type_name: str, organisation: Organisation, index: int) -> Row:
    """Return the columns that all applications share."""
    licence_type = town.types[type_name]
    start = town.day(index)
    validity = licence_type["validity"]
    years = {"years": validity.get("years"), "custom": 4}.get(validity["kind"])
    return {
        "证照类型": type_name,
        "持证主体": organisation.name,
        "证件类型": "统一社会信用代码",
        "证件号码": organisation.uscc,
        "有效期自": town.spell(start),
        "有效期至": town.spell(last_day(start, years)) if years else town.pick(("", "长期")),
        "事项编码": licence_type["item_codes"][index % len(licence_type["item_codes"])],
    }


def business(town: Town, index: int) -> Row:
    """Return an application for a business licence; every sixth has a scope that runs on to a second page."""
    holder = town.organisations[index % len(town.organisations)]
    scope = f"许可项目：{town.some(SCOPES, 4)}；一般项目：{town.some(SCOPES, 10)}"
    if index % 6 == 0:
        parts = [f"{place}分支机构：{town.some(SCOPES, 14)}" for place in (*DISTRICTS, "自由贸易片区", "跨境电商园")]
        scope = f"许可项目：{'。'.join(parts)}（依法须经批准的项目，经相关部门批准后方可开展经营活动）"[:1990]
    return base(town, "营业执照", holder, index) | {
        "类型": holder.kind,
        "法定代表人（负责人）": holder.person,
        "注册资本": ""
        if holder.kind == "个体工商户"
        else town.pick(("人民币壹佰万元整", "人民币伍佰万元整", "美元贰佰万元整")),
        "成立日期": town.spell(holder.founded),
        "住所": holder.address,
        "经营范围": scope,
        "多证合一信息": "社会保险登记证\n统计登记证\n公章刻制备案" if index % 3 == 0 else "",
    }


def food_business(town: Town, index: int) -> Row:
    """Return an application for a food business licence."""
    holder = town.organisations[index % len(town.organisations)]
    return base(town, "食品经营许可证", holder, index) | {
        "法定代表人（负责人）": holder.person,
        "住所": holder.address,
        "经营场所": holder.address if index % 3 else town.address(is_long=index % 12 == 0),
        "主体业态": ("餐饮服务经营者", "食品销售经营者", "单位食堂")[index % 5 % 3],
        "经营项目": town.some(FOODS, 1 + index % 5),
        "日常监督管理机构": f"{CITY}市场监督管理局{town.pick(DISTRICTS)[:-1]}分局",
        "日常监督管理人员": "、".join((town.person(1), town.person(2))),
        "投诉举报电话": "12315",
        "网络经营": ("是", "否", "")[index % 3],
    }


def food_production(town: Town, index: int) -> Row:
    """Return an application for a food production licence."""
    holder = town.organisations[(index * 3 + 1) % len(town.organisations)]
    choices = next(each["choices"] for each in town.types["食品生产许可证"]["fields"] if each["name"] == "食品类别")
    return base(town, "食品生产许可证", holder, index) | {
        "法定代表人（负责人）": holder.person,
        "住所": holder.address,
        "生产地址": town.address(is_long=index % 4 == 0),
        "食品类别": town.pick(choices),
        "品种明细": town.some(PRODUCTS, 2 + index % 8, "\n"),
        "日常监督管理机构": f"{CITY}市场监督管理局食品生产监督管理科",
        "投诉举报电话": "12315",
        "外设仓库地址": town.address() if index % 5 == 0 else "",
    }


def transport(town: Town, index: int) -> Row:
    """Return an application for a road transport licence."""
    holder = town.organisations[(index * 7 + 2) % len(town.organisations)]
    return base(town, "道路运输经营许可证", holder, index) | {
        "地址": holder.address,
        "经济性质": holder.kind,
        "负责人": holder.person,
        "经营范围": town.some(
            ("道路普通货物运输", "货物专用运输（冷藏保鲜）", "货物专用运输（集装箱）", "大型物件运输"), 2
        ),
        "车辆数": str(2 + index % 40),
    }


def hygiene(town: Town, index: int) -> Row:
    """Return an application for a public-place hygiene licence."""
    holder = town.organisations[(index * 5) % len(town.organisations)]
    return base(town, "公共场所卫生许可证", holder, index) | {
        "法定代表人（负责人）": holder.person,
        "地址": holder.address,
        "经营项目": town.some(("旅店", "美容店", "理发店", "游泳场（馆）", "咖啡馆", "书店", "候诊室"), 2),
        "经营面积（平方米）": f"{80 + index * 13}.{index % 10}",
        "卫生监督量化分级": ("", "A级", "B级")[index % 3],
    }


def fire_safety(town: Town, index: int) -> Row:
    """Return an application for a fire-safety check."""
    holder = town.organisations[(index * 11 + 4) % len(town.organisations)]
    return base(town, "公众聚集场所投入使用、营业前消防安全检查意见书", holder, index) | {
        "场所名称": f"{holder.name}{town.pick(('旗舰店', '门店', '大堂'))}",
        "地址": holder.address,
        "法定代表人（负责人）": holder.person,
        "使用性质": town.pick(("宾馆", "饭店", "商场", "影剧院", "健身场馆")),
        "场所建筑面积（平方米）": str(300 + index * 37),
        "所在层数": town.pick(("地上一层", "地上一层至三层", "地下一层、地上一层至二层")),
        "检查方式": ("告知承诺", "不采用告知承诺")[index % 2],
        "检查意见": "经检查，该场所符合消防安全要求，同意投入使用、营业。营业期间应保持疏散通道畅通、消防设施完好。",
    }


def signboard(town: Town, index: int) -> Row:
    """Return an application for a signboard permit."""
    holder = town.organisations[(index * 13 + 6) % len(town.organisations)]
    return base(town, "户外招牌设置许可证", holder, index) | {
        "设置地点": f"{holder.address}临街外立面",
        "招牌内容": f"{town.pick(BRANDS)} · {town.pick(BRANDS)}",
        "招牌形式": ("附着式", "悬挂式", "落地式", "电子显示屏")[index % 4],
        "规格（长×宽×厚，米）": f"{3 + index % 6}.0×1.2×0.2",
        "数量": str(1 + index % 3),
    }


def combined(town: Town, index: int) -> Row:
    """Return an application for a combined trade licence."""
    holder = town.organisations[(index * 17 + 3) % len(town.organisations)]
    members = (
        f"食品经营许可证 {make_food_business_number('2', DIVISION, 700 + index)} 有效期至2030年12月31日",
        f"公共场所卫生许可证 卫公证字〔2026〕第{800 + index:06}号 有效期至2030年6月30日",
        f"户外招牌设置许可证 城管招字〔2026〕第{900 + index:05}号 有效期至2028年6月30日",
        "公众聚集场所消防安全检查意见书 长期",
    )
    return base(town, "行业综合许可证", holder, index) | {
        "行业类别": ("餐饮店", "便利店", "宾馆", "健身房", "书店")[index % 5],
        "法定代表人（负责人）": holder.person,
        "经营场所": holder.address,
        "许可事项": "\n".join(members[: 2 + index % 3]),
        "经营范围": town.some(SCOPES, 8),
    }


def teacher(town: Town, index: int) -> Row:
    """Return an application for a teacher's certificate, with a photo."""
    born = date(1972, 3, 1) + timedelta(days=town.random.randrange(10_500))
    is_male = index % 2 == 0
    digits = f"990101{born:%Y%m%d}{100 + index * 2 + (1 if is_male else 0):03}"
    name = town.person(index * 7 + 3 if index % 4 == 0 else index)
    kinds = ("幼儿园教师资格", "小学教师资格", "初级中学教师资格", "高级中学教师资格", "高等学校教师资格")
    holder = Organisation(name=name, uscc=digits, person=name, address="", founded=born, kind="")
    return base(town, "教师资格证书", holder, index) | {
        "证件类型": ("公民身份号码", "居民身份证")[index % 2],
        "证件号码": digits + citizen_character(digits),
        "性别": "男" if is_male else "女",
        "出生日期": town.spell(born),
        "民族": "维吾尔族" if "·" in name else "汉族",
        "教师资格种类": kinds[index % len(kinds)],
        "任教学科": "" if index % len(kinds) == 0 else town.pick(("语文", "数学", "英语", "物理", "历史", "信息技术")),
        "照片": "photo",
    }


def construction(town: Town, index: int) -> Row:
    """Return an application for a construction permit."""
    holder, builder = (town.organisations[(index * step + 5) % len(town.organisations)] for step in (3, 19))
    start = town.day(index) + timedelta(days=30)
    return base(town, "建筑工程施工许可证", holder, index) | {
        "工程名称": f"{town.pick(DISTRICTS)}{town.pick(BRANDS)}片区{index + 1}号地块（含配套道路及综合管线工程）",
        "工程类别": ("房屋建筑工程", "市政基础设施工程", "装饰装修工程")[index % 3],
        "建设地址": holder.address,
        "建设规模": f"总建筑面积{12_000 + index * 850}平方米，地上{8 + index}层、地下2层",
        "合同价格（万元）": f"{3_200 + index * 415}.5",
        "合同开工日期": town.spell(start),
        "合同竣工日期": town.spell(start + timedelta(days=540)),
        "勘察单位": f"{CITY}岩土工程勘察院有限公司",
        "设计单位": f"{CITY}建筑设计研究院有限公司",
        "施工单位": builder.name,
        "施工单位统一社会信用代码": builder.uscc,
        "监理单位": f"{CITY}安信工程监理有限公司",
        "施工单位项目负责人": builder.person,
        "总监理工程师": town.person(index),
        "备注": "分两期施工，一期为主体工程。" if index % 3 == 0 else "",
    }


def agency(town: Town, index: int) -> Row:
    """Return an application for an employment-agency licence."""
    holder = town.organisations[(index * 23 + 9) % len(town.organisations)]
    services = (
        "为用人单位推荐劳动者",
        "为劳动者介绍用人单位",
        "组织开展招聘会",
        "开展人才测评",
        "收集和发布人力资源供求信息",
    )
    return base(town, "人力资源服务许可证", holder, index) | {
        "法定代表人（负责人）": holder.person,
        "地址": holder.address,
        "机构性质": "经营性人力资源服务机构",
        "许可范围": town.some(services, 2 + index % 4),
        "联系电话": f"0999-5550{100 + index}",
    }


def decision(town: Town, index: int) -> Row:
    """Return an application for a decision granting a permit."""
    holder = town.organisations[(index * 29 + 1) % len(town.organisations)]
    return base(town, "准予行政许可决定书", holder, index) | {
        "申请事项": town.pick(("食品经营许可", "公共场所卫生许可", "民办教育机构设立审批")),
        "申请日期": town.spell(town.day(index) - timedelta(days=10)),
        "受理编号": f"受〔2026〕{4_000 + index}号",
        "决定内容": "你单位提出的申请符合法定条件、标准。依据《中华人民共和国行政许可法》第三十八条第一款的规定，"
        "决定准予行政许可。请依法从事许可范围内的活动，并接受监督检查。",
        "权利告知": "如不服本决定，可以在收到之日起六十日内申请行政复议，或者在六个月内提起行政诉讼。",
    }


MAKERS = (
    (business, 36),
    (food_business, 36),
    (food_production, 18),
    (transport, 20),
    (hygiene, 20),
    (fire_safety, 16),
    (signboard, 20),
    (combined, 10),
    (teacher, 24),
    (construction, 12),
    (agency, 10),
    (decision, 6),
)


def wrong_rows(town: Town, good: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Yield twelve applications, each wrong in its own way, with the place where they go."""
    code = town.organisations[5].uscc
    yield 9, food_business(town, 101) | {"证件号码": code[:-1] + ("0" if code[-1] != "0" else "1")}
    citizen = teacher(town, 101)
    yield 27, citizen | {"证件号码": citizen["证件号码"][:-1] + ("1" if citizen["证件号码"][-1] != "1" else "2")}
    yield 44, hygiene(town, 102) | {"有效期自": "2026-02-30"}
    yield 61, transport(town, 103) | {"证照类型": "烟花爆竹经营许可证"}
    yield 80, food_production(town, 104) | {"品种明细": ""}
    yield 102, signboard(town, 105) | {"证照编号": given_number(town)}
    yield 118, business(town, 106) | {"法定代表人（负责人）": "𠮷田健一"}
    yield 139, transport(town, 107) | {"有效期自": "2026-09-21", "有效期至": "2026/9/1"}
    yield 158, agency(town, 108) | {"许可范围": "为用人单位推荐劳动者；" * 40}
    yield 177, business(town, 109) | {"证件号码": "9.13E+17"}
    yield 196, fire_safety(town, 110) | {"检查方式": "抽查"}
    yield 232, dict(good[40])


def given_number(town: Town) -> str:
    """Return a number of an older signboard permit, which one good application keeps."""
    parsed = parse_number_format(town.types["户外招牌设置许可证"]["number_format"])
    return parsed.compose(NumberValues(year=2026, division=DIVISION, places={}), 88_001)


def applications() -> list[Row]:
    """Return all 240 applications in the order of the sheet."""
    town = Town()
    good = [maker(town, index) for maker, count in MAKERS for index in range(count)]
    town.random.shuffle(good)
    signboards = [row for row in good if row["证照类型"] == "户外招牌设置许可证"]
    signboards[0]["证照编号"] = given_number(town)
    for index, row in enumerate(good):
        row["办件编号"] = f"BH2026-{index + 1:04}"
        if "照片" in row:
            row["照片"] = f"{row['办件编号']}.jpg"
    rows = list(good)
    for serial, (place, row) in enumerate(wrong_rows(town, good), 1):
        if "办件编号" not in row:
            row["办件编号"] = f"BH2026-9{serial:03}"
        if row.get("照片") == "photo":
            row["照片"] = f"{row['办件编号']}.jpg"
        rows.insert(place, row)
    return rows


def main() -> None:
    """Write the sheet, or with an argument to that file."""
    rows = applications()
    town = Town()
    fields = [each["name"] for kind in town.types.values() for each in kind["fields"] if each["kind"] != "photo"]
    shared = [names[0] for name, names in COMMON.items() if name != "papers_due"]
    headings = list(dict.fromkeys((*shared, *fields)))
    unknown = {name for row in rows for name in row} - set(headings)
    if unknown:
        raise SystemExit(f"the catalogue has no field {', '.join(sorted(unknown))}")
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    output.write_bytes(write_sheet(headings, ([row.get(name, "") for name in headings] for row in rows)))


if __name__ == "__main__":
    main()
