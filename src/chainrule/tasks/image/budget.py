"""The network and the number of epochs that fit into given minutes, by timing a few steps."""

from chainrule.tasks.image.network import NETWORKS
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.prepare import prepare_images
from chainrule.tasks.image.recipe import MOST_EPOCHS
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.minutes import settle_network
from chainrule.tasks.task import Say

FEWEST_EPOCHS = {"large": 12, "medium": 5}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one.

These numbers are estimates, not measured.
"""


def settle(subject: ImageSet, settings: ImageSettings, say: Say) -> ImageSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set."""
    return settle_network(
        prepare_images,
        subject,
        settings,
        say,
        networks=NETWORKS,
        fewest=FEWEST_EPOCHS,
        most=MOST_EPOCHS,
    )
