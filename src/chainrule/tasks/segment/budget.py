"""The network and the number of epochs that fit into given minutes, by timing a few steps."""

from chainrule.tasks.minutes import settle_network
from chainrule.tasks.segment.network import NETWORKS
from chainrule.tasks.segment.opening import MaskSet
from chainrule.tasks.segment.prepare import prepare_masks
from chainrule.tasks.segment.recipe import MOST_EPOCHS
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.task import Say

FEWEST_EPOCHS = {"large": 60, "medium": 20}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one.

On CamVid at half size the large network is no better than the medium one after 30 epochs.
"""


def settle(subject: MaskSet, settings: SegmentSettings, say: Say) -> SegmentSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set."""
    return settle_network(
        prepare_masks,
        subject,
        settings,
        say,
        networks=NETWORKS,
        fewest=FEWEST_EPOCHS,
        most=MOST_EPOCHS,
    )
