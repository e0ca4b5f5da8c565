"""A small home with every kind of store, agent and loose file, to try ringfence on safely."""

from ringfence.app.demo.building import DemoHome, Part, build

__all__ = ["DemoHome", "Part", "build"]
