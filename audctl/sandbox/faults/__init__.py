"""Injected faults: how a call goes wrong on purpose.

Takes rules (`reading`: JSON in, rules or one error with everything that is wrong), strikes the calls they name
(`rule`: counters and a seed decide, so that the same calls give the same faults) and answers a struck call as its rule
says (`play`). `kinds` lists what there is. With no rules in force a call costs one truth test.
"""

from audctl.sandbox.faults.play import play
from audctl.sandbox.faults.reading import FaultRuleError, parse_rules, parse_text
from audctl.sandbox.faults.rule import FaultRule, Faults

__all__ = ["FaultRule", "FaultRuleError", "Faults", "parse_rules", "parse_text", "play"]
