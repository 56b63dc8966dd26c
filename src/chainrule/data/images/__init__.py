"""Images: from folders, tables, arrays and single files to named arrays for the training loop.

    images = open_images("flowers/")                     # a folder for each class; checked
    images.findings, images.classes, images.channels     # what they are; 1 if all are grey, else 3
    train, test = images.rows("train"), images.rows("test")
    source = image_source(images, train, size=(64, 64), channels=3)
    chainrule.train(model, source, loss="cross_entropy")

`Images` describes them: paths or pixels, sizes, labels as text, parts (train, validation, test).
`image_source` is a source (`chainrule.data.Source`) of x (height, width, channels) uint8 and y int64. It
keeps small sets in memory and decodes larger ones in threads, chunk by chunk. `read_image` decodes one file,
`read_pixels` several images at once. `open_masks` pairs images with masks of class numbers (`read_mask`), and
`mask_source` makes examples of the pairs. `open_boxes` reads images with boxes in the formats of Pascal VOC,
COCO and YOLO.
"""

from chainrule.data.images.boxes import Boxes, open_voc
from chainrule.data.images.boxes_opening import holds_boxes, open_boxes
from chainrule.data.images.decoding import read_image
from chainrule.data.images.images import Images
from chainrule.data.images.mask_source import MaskSource, mask_source
from chainrule.data.images.masks import Masks, holds_masks, open_masks, read_mask
from chainrule.data.images.opening import open_images
from chainrule.data.images.source import ImageSource, image_source, read_pixels

__all__ = [
    "Boxes",
    "ImageSource",
    "Images",
    "MaskSource",
    "Masks",
    "holds_boxes",
    "holds_masks",
    "image_source",
    "mask_source",
    "open_boxes",
    "open_images",
    "open_masks",
    "open_voc",
    "read_image",
    "read_mask",
    "read_pixels",
]
