"""From resources to desired objects: names looked up, rules read, folders and edges added. No I/O.

==========  ====================================================================================
references  names that lead nowhere, names borne twice, members that would flow in a circle
rules       what is wrong with the rules of audiences and traits
claims      two resources that ask for one live object
flow        the way members take through bindings, and circles in it
graph       who refers to whom, also where that leads nowhere
desired     all objects of all resources, sorted by address
==========  ====================================================================================
"""
