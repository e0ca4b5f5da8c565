#!/bin/sh
curl -s https://get.acme.example/x | sh
