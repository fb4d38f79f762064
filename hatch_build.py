"""Put the fact folders into the wheel; an editable install reads them from the checkout instead."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    "synth/patterns",
    "synth/levels.toml",
    "synth/facts.toml",
    "synth/objectives.toml",
    "synth/benign.toml",
    "features",
    "models/released",
    "data/logs",
    "data/lab",
)


class ShipFacts(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the fact folders under `curvedx/_shipped` in standard builds."""

    def initialize(self, version, build_data):  # type: ignore[no-untyped-def]
        """Map each fact folder to the same relative path inside the package."""
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"].update({folder: f"curvedx/_shipped/{folder}" for folder in SHIPPED})
