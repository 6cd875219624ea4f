"""Makes the font of PDF files from Noto Sans CJK: `python -m scada.reports.forms.font.build NotoSansCJK-Regular.ttc`.

A person runs it when the font changes. The outlines become quadratic, as PDF's TrueType has them, and of the thirty
thousand signs there stay those of GB 2312, of Latin 1, of plates and of the catalogue.
"""

import sys
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

from scada.model.plate import PROVINCES

HERE = Path(__file__).parent
FONT = HERE / "NotoSansSC-GB2312.ttf"
CATALOGUE = HERE.parents[3] / "hmi" / "i18n" / "zh.po"
FAMILY = "Noto Sans CJK SC"
WORST_ERROR = 1.0
"""How far a curve may leave its original, in thousandths of the size."""


def signs() -> set[int]:
    """Give the signs that reports are written with."""
    pairs = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    chinese = "".join(pair.decode("gb2312", errors="ignore") for pair in pairs)
    latin = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100))))
    return set(map(ord, chinese + latin + PROVINCES + "–—…‘’“”•≥≤¥€·" + CATALOGUE.read_text("utf-8"))) - {10}


def small(font: TTFont) -> TTFont:
    """Keep the signs, and no more tables than a PDF asks for."""
    options = Options()
    options.layout_features = []
    options.hinting = False
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=signs())
    subsetter.subset(font)
    return font


def quadratic(font: TTFont) -> TTFont:
    """Give the same font with TrueType outlines."""
    order, shapes, glyphs = font.getGlyphOrder(), font.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(shapes)
        shapes[name].draw(Cu2QuPen(pen, WORST_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(font.getBestCmap())
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: font["hmtx"][name] for name in order})
    builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    told = {of: font["name"].getDebugName(number) for of, number in (("copyright", 0), ("licenseDescription", 13))}
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular", "psName": "NotoSansCJKsc-Regular", **told})
    builder.setupOS2(sTypoAscender=font["hhea"].ascent, sTypoDescender=font["hhea"].descent, fsType=0)
    builder.setupPost(keepGlyphNames=False)
    return builder.font


def main() -> int:
    """Make the font."""
    fonts = TTCollection(sys.argv[1]).fonts
    (simplified,) = (font for font in fonts if font["name"].getDebugName(1) == FAMILY)
    quadratic(small(simplified)).save(FONT)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
