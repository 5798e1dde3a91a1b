"""About the service itself: what an error means, whether this process answers."""

import re
from typing import Annotated, Final

from fastapi import Path, Request

from api.errors import UnknownAddressError
from api.health import HealthWatch
from api.problem_codes import STATUS, STATUS_TITLES
from api.problems import request_language
from api.texts import sentence
from api.v1.answers import both, router
from api.v1.public_schemas import HealthOut, HealthPartOut, ProblemOut

service: Final = router("service")
_Code = Annotated[str, Path(max_length=60)]
_CODE: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)?")


@service.get("/problems/{code}", summary=both("错误代码的含义", "What an error code means"))
def get_problem(code: _Code) -> ProblemOut:
    """Say in both languages what an error's `type` stands for."""
    if not _CODE.fullmatch(code) or code not in STATUS:
        raise UnknownAddressError
    status = STATUS[code]
    zh, en = STATUS_TITLES[status]
    return ProblemOut(
        code=code,
        status=status,
        title_zh=zh,
        title_en=en,
        detail_zh=sentence(code, "zh", {}),
        detail_en=sentence(code, "en", {}),
    )


@service.get(
    "/healthz", summary=both("服务是否可用，有何须处理", "Whether the service answers, and what needs attention")
)
def get_health(request: Request) -> HealthOut:
    """Answer when the registry can be read, else 503. `degraded` says that somebody must look: the service goes on."""
    watch: HealthWatch = request.app.state.health
    language = request_language(request)
    parts = tuple(
        HealthPartOut(
            part=each.part,
            result=each.outcome.value,
            code=each.code,
            detail=sentence(each.code, language, {}) if each.code else "",
        )
        for each in watch.conditions()
    )
    return HealthOut(status="degraded" if any(each.code for each in parts) else "ok", parts=parts)
