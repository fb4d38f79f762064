"""The definitions of all labels, by name."""

from __future__ import annotations

from curvedx.synth.definitions import TRAIN_REGISTER
from curvedx.synth.definitions_channels import CHANNEL_REGISTER
from curvedx.synth.definitions_spikes import SPIKE_REGISTER

DEFINITIONS = TRAIN_REGISTER | SPIKE_REGISTER | CHANNEL_REGISTER
