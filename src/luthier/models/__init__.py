"""Loading pretrained weights, and saving what ships."""
