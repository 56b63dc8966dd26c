"""Opening images with boxes: the format is recognized by the content of the source."""

import os
from pathlib import Path

from chainrule.data.images.boxes import Boxes, open_voc
from chainrule.data.images.boxes_coco import coco_files, is_coco, open_coco
from chainrule.data.images.boxes_yolo import open_yolo, yolo_folders
from chainrule.errors import DataError
from chainrule.paths import printable


def holds_boxes(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds boxes in the format of Pascal VOC, YOLO or COCO; False if it can't be read.

    Folders of these names may hold masks, too, so the kinds of the files decide.
    """
    path = Path(folder)
    try:
        voc = _is_voc(path) and next((path / "Annotations").glob("*.xml"), None) is not None
        return voc or bool(yolo_folders(path)) or any(map(is_coco, coco_files(path)))
    except OSError:
        return False


def open_boxes(source: str | os.PathLike[str]) -> Boxes:
    """Images with boxes in the format of Pascal VOC, YOLO or COCO.

    source: a folder with JPEGImages/ and Annotations/ (`open_voc`); one with images/ and labels/, perhaps in
    train/, val/ and test/ (`open_yolo`); one with COCO's JSON files, or such a file (`open_coco`).
    Raises DataError for a source in none of these formats, and as these functions do.
    """
    path = Path(source)
    shown = printable(str(path))
    if not path.exists():
        raise DataError(f"{shown}: no such file or folder", remedy="check the path")
    if path.is_file():
        return open_coco([path], path.parent)
    try:
        if _is_voc(path):
            return open_voc(path)
        if yolo_folders(path):
            return open_yolo(path)
        files = coco_files(path)
    except OSError as error:
        raise DataError(
            f"{shown} can't be read: {error.strerror}", remedy="check the folder and its permissions"
        ) from None
    if any(map(is_coco, files)):
        return open_coco([file for file in files if is_coco(file)], path)
    raise DataError(
        f"{shown} holds no boxes",
        remedy="give JPEGImages/ and Annotations/ (Pascal VOC), images/ and labels/ (YOLO), or COCO's JSON",
    )


def _is_voc(folder: Path) -> bool:
    return (folder / "Annotations").is_dir() and (folder / "JPEGImages").is_dir()
