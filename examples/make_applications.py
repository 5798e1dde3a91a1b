"""Write `applications.csv`: the 240 applications of the demonstration, 228 of them good.

Everything is invented: organisation codes carry the impossible division 999999, citizen numbers the division 990101.
The script is deterministic; a test runs it and compares. It reads the sample catalogue for the names of columns.
"""
# ruff: noqa: INP001 - a script of its own, no package

import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from registry.catalogue import SAMPLE
from registry.number_format import NumberValues, parse_number_format
from signer.precheck import last_day
from signer.sheet_rows import COMMON
from signer.sheets import write_sheet
from verify.check_characters import citizen_character, organisation_character, uscc_character
from verify.food_numbers import make_food_business_number

OUTPUT = Path(__file__).parent / "applications.csv"
SEED = 20260921
CITY = "滨海市"
DIVISION = "990100"
FIRST_DAY = date(2026, 2, 2)

DISTRICTS = ("新港区", "临江区", "海棠区", "青浦岭区", "望潮县")
ROADS = ("潮音路", "灯塔街", "渔歌巷", "观澜大道", "盐田北路", "木棉路", "解放东路", "书院街", "锦帆路", "碧波环路")
BUILDINGS = (
    "观潮国际中心2号楼",
    "海天广场B座",
    "渔人码头商业街",
    "滨江万象城",
    "高新科技园创业楼",
    "蓝湾家园配套商铺",
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = (
    "海燕",
    "志强",
    "晓明",
    "丽华",
    "建国",
    "雅婷",
    "浩然",
    "思远",
    "文博",
    "秀英",
    "俊杰",
    "梓涵",
    "明",
    "芳",
    "伟",
)
RARE_NAMES = ("王䶮", "李𬭎", "朱镕海", "陈㛃", "赵𫖯", "马𬤇", "刘喆䶮", "欧阳琨珸")
MINORITY_NAMES = (
    "阿卜杜拉·买买提",
    "迪丽努尔·艾合买提",
    "尼玛·次仁",
    "斯琴·格日勒",
    "阿依古丽·买买提吐尔逊·阿卜杜热依木",
    "洛桑·丹增",
)
LATIN_NAMES = ("Jean-Baptiste O'Connor", "María José Núñez", "Karl-Heinz Müller", "Nguyen Thi Thu Huong")
BRANDS = (
    "望潮楼", "渔歌", "老码头", "海棠春", "盐田坊", "云帆", "拾味", "百汇", "晨曦", "锦绣", "蓝鲸", "半山",
    "青禾", "知味", "南风", "远航", "星辰", "木棉", "小满", "归帆", "灯塔", "沁园", "福满堂", "瑞丰", "长乐",
    "鼎盛", "汇通", "博雅", "安达", "宏图",
)  # fmt: skip
TRADES = ("餐饮", "食品", "酒店管理", "商贸", "物流", "文化传媒", "建设工程", "人力资源", "健身服务", "便利店连锁")
LONG_NAMES = (
    "滨海市高新技术产业开发区创新创业服务中心国际科技成果转化与知识产权运营管理有限责任公司",
    "滨海市望潮县渔业生产者联合社及其海产品初加工冷链仓储与电子商务一体化经营专业合作社",
    "环球海岸（滨海）国际酒店管理集团股份有限公司滨海市新港区观澜大道分公司（中外合资）",
)
SCOPES = (
    "餐饮服务", "食品销售", "酒类经营", "食品互联网销售", "日用百货销售", "办公用品销售", "企业管理咨询",
    "会议及展览服务", "广告设计、代理", "组织文化艺术交流活动", "国内货物运输代理",
    "普通货物仓储服务（不含危险化学品等需许可审批的项目）", "停车场服务", "物业管理", "住房租赁",
    "健身休闲活动", "体育用品及器材零售", "农产品的生产、销售、加工、运输、贮藏及其他相关服务",
    "信息技术咨询服务", "软件开发", "网络技术服务", "数据处理和存储支持服务", "人工智能应用软件开发",
    "电子产品销售", "建筑材料销售", "园林绿化工程施工", "专业保洁、清洗、消毒服务", "家政服务", "货物进出口",
    "技术进出口",
)  # fmt: skip
FOODS = (
    "热食类食品制售",
    "冷食类食品制售",
    "生食类食品制售",
    "糕点类食品制售",
    "自制饮品制售",
    "预包装食品销售",
    "散装食品销售",
)
PRODUCTS = ("鱼糜制品", "即食海苔", "虾皮", "紫菜", "海带结", "调味鱼露", "蚝油", "冻干扇贝", "手工挂面", "杂粮粉")

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An invented company."""

    name: str
    uscc: str
    person: str
    address: str
    founded: date
    kind: str


class Town:
    """Draws invented companies, persons, addresses and days, each time the same."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311 - nothing here is secret
        self.codes: set[str] = set()
        catalogue = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))
        self.types = {each["name"]: each for each in catalogue["licence_type"]}
        special = [(name, "有限责任公司") for name in LONG_NAMES]
        usual = [
            (f"{CITY}{brand}{TRADES[index % len(TRADES)]}有限公司", "有限责任公司")
            for index, brand in enumerate(BRANDS)
        ]
        small = [(f"{CITY}{self.pick(DISTRICTS)}{brand}小吃店", "个体工商户") for brand in BRANDS[:12]]
        self.organisations = tuple(
            Organisation(
                name=name,
                uscc=self.uscc("92" if kind == "个体工商户" else "91"),
                person=self.person(index),
                address=self.address(is_long=index % 9 == 0),
                founded=date(2004, 1, 5) + timedelta(days=self.random.randrange(7000)),
                kind=kind,
            )
            for index, (name, kind) in enumerate((*special, *usual, *small))
        )

    def pick(self, choices: Sequence[str]) -> str:
        """Return one of the choices."""
        return choices[self.random.randrange(len(choices))]

    def uscc(self, start: str = "91") -> str:
        """Return a new code with right check characters and the impossible division 999999."""
        while True:
            main = "".join(self.pick("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(8))
            text = f"{start}999999{main}{organisation_character(main)}"
            if text not in self.codes:
                self.codes.add(text)
                return text + uscc_character(text)

    def person(self, index: int) -> str:
        """Return a name: some with rare characters, of minorities, or in Latin letters."""
        special = {3: RARE_NAMES, 5: MINORITY_NAMES, 8: LATIN_NAMES}.get(index % 10)
        if special is not None:
            return special[index // 10 % len(special)]
        return self.pick(SURNAMES) + self.pick(GIVEN)

    def address(self, *, is_long: bool = False) -> str:
        """Return an address down to the room; a long one takes two lines on the page."""
        number = self.random.randrange(1, 400)
        text = f"{CITY}{self.pick(DISTRICTS)}{self.pick(ROADS)}{number}号{self.pick(BUILDINGS)}{number % 20 + 1}层"
        if is_long:
            text += f"0{number % 9 + 1}至1{number % 9}号商铺及地下一层配套仓库"
            text += "（原滨海市第三渔业公司冷冻厂旧址，潮音路与灯塔街交叉口东北角）"
        return text

    def day(self, index: int) -> date:
        """Return a day of application in 2026."""
        return FIRST_DAY + timedelta(days=index % 240)

    def spell(self, day: date) -> str:
        """Return a date in one of the three spellings that offices use."""
        spellings = (day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日")
        return self.pick(spellings)

    def some(self, choices: Sequence[str], count: int, separator: str = "；") -> str:
        """Return some of the choices, in their order."""
        chosen = set(self.random.sample(range(len(choices)), min(count, len(choices))))
        return separator.join(each for index, each in enumerate(choices) if index in chosen)


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
