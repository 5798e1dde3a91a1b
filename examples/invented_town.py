"""The invented town of the demonstration: its streets, companies and persons, the same each time they are drawn.

Nothing in it exists: organisation codes carry the impossible division 999999.
"""
# ruff: noqa: INP001 - beside a script, no package

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from registry.catalogue import SAMPLE
from verify.check_characters import organisation_character, uscc_character

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
