#!/bin/sh
set -e
python train.py --epochs 3
