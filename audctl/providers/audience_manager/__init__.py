"""Audience Manager: data sources, folders, traits, segments, destinations and their mappings over REST.

Takes and gives canonical fields of the ``aam.*`` object types. Lists are read whole; the number of calls grows
with pages, and with the destinations that somebody refers to, never with objects. Updates write back the whole
object as it was read, with only the managed members changed. Promises not to touch what another product or
company keeps, beyond reading it.

One module per kind: ``data_sources``, ``folders``, ``traits``, ``segments``, ``destinations``, ``mappings``;
``names`` holds every string of the API that no public page confirms.
"""

from __future__ import annotations

from audctl.providers.audience_manager.provider import AudienceManagerProvider

__all__ = ["AudienceManagerProvider"]
