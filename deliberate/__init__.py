"""The project: wires the apps together and contains no domain of its own."""

__version__ = "0.1.0"
