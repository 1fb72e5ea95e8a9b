"""What a trained detector is used for: judged, applied to images, exported, checked."""
