"""What the run folders of boxes hold: boxes.json, with the size of the images and their classes."""

from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.sections import sections_of
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.images_runs import ClassShape, ImagesRun, RunFolder, class_shape

DetectRun = ImagesRun[ClassShape, DetectSettings]
FOLDER = RunFolder("detect", "boxes", DetectSettings, "boxes.json", class_shape, sections_of, (Detection,))
