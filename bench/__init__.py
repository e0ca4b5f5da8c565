"""How fast and how large ringfence is, in ratios that hold on any machine: `python -m bench`."""
