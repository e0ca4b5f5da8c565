"""The use cases, one file or folder each. They return values; showing them is somebody else's business."""
