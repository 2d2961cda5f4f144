"""Manifests for what is live already: read off, written as files, refreshed without loss. No call to any system.

=========  =========================================================================================
names      texts of the live systems → valid, unique names that stay the same from run to run
tenant     everything live, by id and by reference, and what stands for it
compose    live objects → resources, and the reasons for those that cannot be
choose     what patterns mean, and whatever the chosen resources refer to
layout     where a resource's file lies
document   a resource as YAML text
refresh    values of an existing file replaced by live ones, its comments and order kept
=========  =========================================================================================
"""
