#!/bin/sh
# The `hadoop` that mrjob calls, in the image: see stack/hadoop.py.
exec python -m stack.hadoop --conf /opt/remedy/docker/hadoop --jars /opt/jars/hadoop --web namenode:9870 "$@"
