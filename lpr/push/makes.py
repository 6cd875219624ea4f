"""The makes of units we understand: each reads its own messages and says how they are answered."""

from collections.abc import Callable, Mapping

from lpr.push import dahua, hikvision, huaxia, vz
from lpr.push.words import Answer, Post, Pushed

MAKES: Mapping[str, Callable[[Post], tuple[Pushed, Answer]]] = {
    "vz": vz.take,
    "huaxia": huaxia.take,
    "hikvision": hikvision.take,
    "dahua": dahua.take,
}
