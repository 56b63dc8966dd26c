"""What the run folders of images hold: images.json, with the size of the images and their classes."""

from chainrule.tasks.image.sections import sections_of
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.images_runs import ClassShape, ImagesRun, RunFolder, class_shape

ImageRun = ImagesRun[ClassShape, ImageSettings]
FOLDER = RunFolder("image", "images", ImageSettings, "images.json", class_shape, sections_of)
