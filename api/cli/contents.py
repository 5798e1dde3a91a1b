"""What each command is for, in both languages: the list that `yinzheng --help` shows without loading any of them."""

from collections.abc import Mapping
from typing import Final

HELP: Final[Mapping[str, str]] = {
    "init": "建立一套部署：设置、口令、数据库、目录、密钥、首批人员。 Found a deployment; --data says where.",
    "demo": "演示：建一个样例城市，签发 228 份证照，核验各种情形，审计日志，然后提供页面。 "
    "A sample town issues 228 licences, checks good and bad ones, audits its log, and serves the pages.",
    "issue": "按一份 JSON 申请签发一份证照。 Issue one licence from an application in JSON.",
    "batch": "批量签发：预检、运行、进度。 Many licences from one sheet.",
    "licence": "单份证照：查看、变更状态、换发。 One licence: look, change, renew.",
    "seal": "印章：申请、制作、授权、停用、用印。 Seals: apply, make, grant, suspend, and seal documents.",
    "verify": "核验：文件、文件夹、二维码内容或核验码。 Check files, folders, texts of codes, or ids.",
    "status": "状态名单。 Status lists.",
    "pack": "核验包（脱机核验用）。 Counter packs.",
    "log": "签发日志：审计、证明、检查点。 The signing log.",
    "keys": "密钥与证书。 Keys and certificates.",
    "client": "调用接口的系统。 Systems that call the API.",
    "webhook": "推送地址与消息。 Webhooks and their messages.",
    "staff": "人员与角色。 Staff and their roles.",
    "template": "证照模板。 Templates of the pages.",
    "fonts": "本单位自备的字体。 Fonts of the office's own.",
    "serve": "提供网页和接口；--public 只供公众核验，不带任何密钥。 Serve pages and API; --public holds no keys.",
    "worker": "运行后台工作：签发批次、每日事务、发布名单。 Do the work in the background: batches, daily acts, lists.",
    "witness": "做别家签发日志的见证方：自有密钥和文件夹，只见证只增未改的检查点。 "
    "Be a witness of other offices' logs, with a key and a folder of your own.",
    "recover": "放弃中断的签发、清理无主文件；进程启动时会自动做。 Give up broken attempts; processes do it at start.",
    "doctor": "体检：逐项检查本部署，并说明怎么办。 Check the deployment, and say what to do.",
}
"""Of each command, in the order in which help lists them; a group of commands names itself here too."""
