# SPDX-License-Identifier: GPL-2.0
"""The soak: a cluster at work, and everything that may go wrong goes wrong.

    plan.py      what will happen, from a seed alone
    member.py    a node with ramsterd, as its admin sees it
    faults.py    how each kind of fault is done, and undone
    work.py      programs that verify what they get back
    run.py       one soak: set up, faults, judgement
    journal.py   what happened, for people and for programs

docs/TESTING.md tells how to start and to replay one.
"""
