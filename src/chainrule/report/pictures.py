"""Pictures in a report: small PNGs that stand inside the page."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np


@dataclass(frozen=True)
class Picture:
    """A tile of a gallery. uri: of `picture`. title, detail: below it. hint: where the pointer rests.

    sound: to be played below it, of `report.sounds.playable`; '' for none.
    """

    uri: str
    title: str = ""
    detail: str = ""
    hint: str = ""
    sound: str = ""


def picture(pixels: np.ndarray) -> str:
    """A PNG as a data URI. pixels: (height, width, 1 or 3) uint8."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def heated(pixels: np.ndarray, strength: np.ndarray) -> str:
    """A grey image with a map of strengths laid over it in colour, as `picture`.

    pixels: (height, width, 1 or 3) uint8. strength: (height, width, 1) uint8.
    """
    grey = pixels.mean(-1, keepdims=True) * 0.5 + 25
    share = strength.astype(np.float64) / 255
    glow = np.concatenate([np.full_like(share, 255), 210 * share, 40 * np.ones_like(share)], -1)
    return picture(np.clip(grey * (1 - share) + glow * share, 0, 255).astype(np.uint8))


def gallery(
    pictures: Sequence[Picture], title: str = "", explanation: str = "", *, columns: int | None = None
) -> str:
    """Pictures side by side, with a title above and a sentence below.

    columns: in a row; None: as many as fit.
    """
    style = f' style="grid-template-columns: repeat({columns}, minmax(0, 1fr))"' if columns else ""
    tiles = "\n".join(_tile(each) for each in pictures)
    head = f"<header><h3>{escape(title)}</h3></header>\n" if title else ""
    foot = f"\n<figcaption>{escape(explanation)}</figcaption>" if explanation else ""
    return f'<figure class="card">\n{head}<div class="pictures"{style}>\n{tiles}\n</div>{foot}\n</figure>'


def _tile(each: Picture) -> str:
    lines = "".join(
        f"<{tag}>{escape(text)}</{tag}>" for tag, text in (("b", each.title), ("small", each.detail)) if text
    )
    hint = f' title="{escape(each.hint)}"' if each.hint else ""
    sound = f'<audio controls preload="none" src="{each.sound}"></audio>' if each.sound else ""
    return f'<div{hint}><img src="{each.uri}" alt="{escape(each.title or each.hint)}">{sound}{lines}</div>'
