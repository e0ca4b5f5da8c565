"""Container images as files: OCI layouts and archives, and what `docker save` writes. Nothing is run."""

from ringfence.endpoint.images.unpack import Image, unpacked

__all__ = ["Image", "unpacked"]
