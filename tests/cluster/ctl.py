# SPDX-License-Identifier: GPL-2.0
"""What ramsterctl says of a node, its peers and its devices."""

import json


def status(node):
    return json.loads(node.output("ramsterctl status --json"))


def status_of(node, name):
    return next(n for n in status(node)["nodes"] if n["name"] == name)


def device_of(node, number):
    return next(d for d in status(node)["devices"] if d["name"] == f"frontswap{number}")


def state_of(node, name):
    return status_of(node, name)["state"]


def stats(node):
    return json.loads(node.output("ramsterctl stats --json"))
