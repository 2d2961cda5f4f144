"""Guards: limits on the finished plan, on by default, small sets included.

==========  ========================================================================================
case        what they are given (the steps, what these do to people, the limits) and what they say
limit       a number or a share
counts      deletes, pauses, replaces
movement    people on the move: by which step, within which limits
people      shrink, growth, to zero: by what an audience is for
reach       how many may newly be contactable, over all lists together
quota       what the live system has room for
judge       all of them, in a fixed order, with the law (:mod:`audctl.plan.law`)
==========  ========================================================================================

Each gives a verdict, whether it objects or not, and an error for every step that it refuses, with the override that
lets exactly this one through. There is no override for all of them, nor one with wildcards.
"""
