"""The definitions of all labels, by name."""

from __future__ import annotations

from curvedx.synth.definitions import TRAIN_REGISTER
from curvedx.synth.definitions_channels import CHANNEL_REGISTER
from curvedx.synth.definitions_events import EVENT_REGISTER

DEFINITIONS = TRAIN_REGISTER | EVENT_REGISTER | CHANNEL_REGISTER
