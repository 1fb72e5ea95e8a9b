"""What mmengine and mmcv have in common: names of values, text logs, configs, rows."""
