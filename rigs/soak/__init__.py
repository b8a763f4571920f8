"""Soaks: reads without end while the line misbehaves, and a ledger in which every one of them is accounted for."""

from __future__ import annotations

from rigs.soak.connection import connection
from rigs.soak.faults import FAULTS, Fault, fault_plan
from rigs.soak.ledger import Ledger
from rigs.soak.proxy import FaultProxy
from rigs.soak.questions import questions
from rigs.soak.soaking import Question, Soak

__all__ = ["FAULTS", "Fault", "FaultProxy", "Ledger", "Question", "Soak", "connection", "fault_plan", "questions"]
