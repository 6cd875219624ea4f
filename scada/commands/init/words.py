"""What the guided set-up asks and says, in English and Chinese."""

from typing import Final, Literal

Language = Literal["en", "zh"]

WORDS: Final = {
    "welcome": (
        "This sets up a car park. Enter takes what stands in brackets; Ctrl-C ends it, and nothing is written.",
        "现在配置一个停车场。回车采用方括号中的内容;Ctrl-C 退出,不写入任何文件。",
    ),
    "site.id": ("Short id of the site: small letters, digits, -", "站点简称(小写字母、数字、-)"),
    "site.name": ("Its name in Chinese", "中文名称"),
    "site.name_en": ("Its name in English", "英文名称"),
    "site.spaces": ("Parking spaces", "车位数"),
    "entries": ("How many entry lanes", "入口车道数"),
    "exits": ("How many exit lanes", "出口车道数"),
    "lane": ("Lane {lane}", "车道 {lane}"),
    "title": ("its name in Chinese", "中文名称"),
    "title_en": ("its name in English", "英文名称"),
    "protocol": ("its PLC speaks modbus-tcp or opcua", "PLC 协议:modbus-tcp 或 opcua"),
    "host": ("address of the PLC", "PLC 地址"),
    "port": ("port", "端口"),
    "unit": ("unit number", "单元号(站号)"),
    "base": ("registers begin at (0: as in lane.st)", "寄存器起始地址(0:与 lane.st 相同)"),
    "node": ("folder of the lane's nodes", "车道节点目录"),
    "camera": ("address of the camera, rtsp:// or http:// (- : none)", "相机地址 rtsp:// 或 http://(- :没有)"),
    "camera_user": ("its user (- : none)", "相机用户名(- :没有)"),
    "camera_password_file": ("file with its password (- : none)", "相机密码文件(- :没有)"),
    "control": ("Host name of the control room", "监控中心的主机名"),
    "drivers": ("Host name that drivers' phones reach", "车主手机访问的主机名"),
    "networks": ("Networks that may see the control room, with commas", "允许访问监控中心的网段,用逗号分隔"),
    "lanes_address": ("This machine's address in the lanes' network", "本机在车道网络中的地址"),
    "store": ("Tables: sqlite, or the file with PostgreSQL's URL", "数据库:sqlite,或 PostgreSQL 地址文件的路径"),
    "history": ("History: embedded, or the URL of an InfluxDB", "历史数据:embedded(内置),或 InfluxDB 地址"),
    "bucket": ("its bucket or database", "InfluxDB 桶或数据库"),
    "org": ("its organisation", "InfluxDB 组织"),
    "token_file": ("file with its token (- : none)", "令牌文件(- :没有)"),
    "wechat": ("WeChat Pay: later, or the folder of its files", "微信支付:later(以后),或文件所在目录"),
    "mchid": ("merchant number (mchid)", "商户号"),
    "appid": ("appid", "appid"),
    "data": ("Folder for all that the site writes", "数据目录"),
    "backups": ("Folder for backups, best on another disk", "备份目录(最好在另一块磁盘)"),
    "password": ("Password of {name}, at least 10 signs", "{name} 的密码,至少 10 位"),
    "weak": ("It takes 10 to 256 signs, and not the name.", "密码须为 10 至 256 位,且不得包含用户名。"),
    "password_again": ("Once more", "再输入一次"),
    "password_differs": ("They differ.", "两次输入不一致。"),
    "wrong": ("That cannot be: {why}", "不可用:{why}"),
    "written": ("Written: {folder}", "已写入:{folder}"),
    "people_there": ("People are there already: nobody was added.", "已有用户,未添加。"),
    "first": ("First sign-in: {name}  {password}   (shown this once)", "首次登录:{name}  {password}   (仅显示这一次)"),
    "admin_made": ("{name} may sign in as administrator.", "{name} 可以以系统管理员身份登录。"),
    "checking": ("daozha check --online says:", "daozha check --online 的结果:"),
    "sim_up": ("The virtual car park was started for the check.", "为检查启动了虚拟停车场。"),
    "next": ("Next steps", "下一步"),
    "next_virtual": ("daozha run --with-sim --config {config}", "daozha run --with-sim --config {config}"),
    "next_open": ("then open http://127.0.0.1:{port} and sign in", "然后打开 http://127.0.0.1:{port} 并登录"),
    "next_mend": (
        "mend what is named above, then: daozha check --online --config {config}",
        "先解决上面列出的问题,然后:daozha check --online --config {config}",
    ),
    "next_tariff": (
        "write your prices into {folder}/first.toml; a second person: daozha user add NAME --role manager; both, after "
        "their first sign-in: daozha tariff sign {folder}/first.toml --by NAME",
        "在 {folder}/first.toml 中填写收费标准;添加第二人:daozha user add 姓名 --role manager;两人首次登录后分别执行:"
        "daozha tariff sign {folder}/first.toml --by 姓名",
    ),
    "next_wechat": (
        "WeChat's files into {data}/wechat, mode 0600, mchid and appid into {config}",
        "把微信支付文件放入 {data}/wechat(权限 0600),并在 {config} 中填写 mchid 和 appid",
    ),
    "next_install": (
        "as root: units, proxy and log limits from {folder}/install, see docs/install/industrial-pc.md",
        "以 root 安装 {folder}/install 中的服务、代理和日志配置,参见 docs/install/industrial-pc.md",
    ),
}
"""Each text in English, then in Chinese."""


def said(key: str, language: Language, **named: object) -> str:
    """Give a text in a language, with what is named put in."""
    return WORDS[key][0 if language == "en" else 1].format(**named)
