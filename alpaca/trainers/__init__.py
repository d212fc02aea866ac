"""The device, the precision and the loop."""
