"""What every finding code means, in one sentence; codes are never reused.

==========  =====================================================
AUD10xx     reading files and YAML
AUD11xx     project, environments, variables and references
AUD12xx     schemas
AUD13xx     names of resources, and what refers to them
AUD14xx     rules of audiences and traits
AUD20xx     planning
AUD21xx     guards and law
AUD22xx     approved plans
AUD23xx     import, and resources that are only observed
AUD24xx     people
AUD25xx     selecting a part of the project
AUD26xx     how a run ended, in reports
AUD30xx     doctor
==========  =====================================================
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES: Mapping[str, str] = MappingProxyType(
    {
        "AUD1001": "A file is not UTF-8.",
        "AUD1002": "A file is larger than audctl reads.",
        "AUD1003": "A file cannot be opened.",
        "AUD1004": "A file is not valid YAML.",
        "AUD1005": "A key stands twice in one mapping, so that one of its values would be lost.",
        "AUD1006": "A file uses a part of YAML that audctl leaves out: tags, merge keys or keys that are no words.",
        "AUD1007": "A document is nested too deeply or, with its aliases written out, too large.",
        "AUD1008": "An alias repeats nothing that stands complete above it.",
        "AUD1009": "A file holds no manifest.",
        "AUD1010": "A folder of manifests holds none.",
        "AUD1011": "A symbolic link leads nowhere, out of the project, or back to a folder above it.",
        "AUD1012": "What should be a file is none: a pipe, a socket or a device, which audctl never opens.",
        "AUD1101": "There is no project file, or it cannot be read.",
        "AUD1102": "A folder named in spec.manifests does not exist, or lies outside the project.",
        "AUD1103": "An environment variable that a manifest reads is not set.",
        "AUD1104": "A variable that a manifest reads is not defined in the chosen environment.",
        "AUD1105": "A reference has none of the known forms.",
        "AUD1106": "A file that a manifest reads cannot be used.",
        "AUD1107": "The project file holds no document, or several.",
        "AUD1108": "The default environment is not one of the project's environments.",
        "AUD1109": "The environment lacks the address of, or the sign-in for, a live system.",
        "AUD1110": "A name in campaign.names is unknown, or is not what such a name looks like.",
        "AUD1111": "A reference leads to an empty secret, which would overwrite one that works.",
        "AUD1112": "A field that plans show takes its value from an environment variable that looks like a secret.",
        "AUD1113": "An entry of spec.removed is of a kind that audctl does not know.",
        "AUD1114": "An entry of spec.removed asks for what cannot be done to its kind.",
        "AUD1115": "Two entries of spec.removed name one resource.",
        "AUD1116": "An entry of spec.removed names a resource that has a manifest.",
        "AUD1121": "A day in the project file is none.",
        "AUD1122": "Two restrictions of the project bear one name.",
        "AUD1123": "A restriction names an environment that the project does not define.",
        "AUD1201": "A document is not a manifest of a known kind.",
        "AUD1202": "A manifest is of another apiVersion.",
        "AUD1203": "A field is unknown to its kind.",
        "AUD1204": "A required field is missing.",
        "AUD1205": "A value is of another type than its field.",
        "AUD1206": "A value is not one of those its field allows.",
        "AUD1207": "A value does not have the form or size its field asks for.",
        "AUD1208": "A secret stands in a file, where only a reference to one may stand.",
        "AUD1209": "A field has no place beside another field's value.",
        "AUD1210": "A text holds a control character, which the live systems cannot store and terminals obey.",
        "AUD1301": "Two manifests have the same kind and name.",
        "AUD1302": "A manifest refers to a resource that no manifest defines.",
        "AUD1303": "A name in a rule could mean two traits.",
        "AUD1304": "Members would flow in a circle of imports and exports.",
        "AUD1305": "A previous name is in use, or claimed by two resources.",
        "AUD1306": "A binding's other end lacks what the binding needs.",
        "AUD1307": "Two resources ask for the same live object.",
        "AUD1308": "An audience of source campaign has no members: no rule, and no export into it.",
        "AUD1309": "lifecycle.ignore names a field that the kind does not have.",
        "AUD1401": "A rule cannot be read.",
        "AUD1402": "A recency of less than one day.",
        "AUD1403": "A rule with more traits than a segment can have.",
        "AUD1404": "A rule that is true for people without any trait.",
        "AUD1405": "Recency or frequency on a trait that is not rule-based.",
        "AUD1406": "A comparison by size with something that is no number.",
        "AUD1407": "A trait's name that rules would read as something else.",
        "AUD1408": "A rule names a trait that no manifest defines.",
        "AUD2001": "Live objects of a type were not read, so nothing is planned for them.",
        "AUD2002": "A live system says it has no objects of a type of which audctl owns some.",
        "AUD2003": "The manifests ask for nothing, although audctl owns objects.",
        "AUD2004": "Several live objects have the key of one desired object.",
        "AUD2005": "A live object with the desired key belongs to the live system or to another product.",
        "AUD2006": "Two addresses mean one live object.",
        "AUD2007": "A live object exists already and audctl may not adopt it.",
        "AUD2008": "A field that cannot be changed in place differs, and replacing is not allowed.",
        "AUD2009": "A protected object's manifest is gone; the object stays.",
        "AUD2010": "An object whose manifest is gone stays, because something else still uses it.",
        "AUD2011": "Steps need each other, so that no order is possible.",
        "AUD2012": "An object would be replaced while others still refer to the old one.",
        "AUD2013": "An --allow that allows nothing.",
        "AUD2014": "An owned object exists, but the sign-in may not read it any more.",
        "AUD2015": "An object would get the key that another live object carries.",
        "AUD2016": "Previous names leave it open which live object an address means.",
        "AUD2017": "A segment would be deleted although not every destination that may get it was looked at.",
        "AUD2018": "A top-level Campaign folder is missing, and only an administrator may make one.",
        "AUD2020": "A live object with the desired key belongs to another project.",
        "AUD2021": "An object whose manifest is gone stays, because another project owns it as well.",
        "AUD2022": "The project file names a removed resource of which nothing is owned.",
        "AUD2023": "Objects without a manifest wait for their days of grace to be over.",
        "AUD2101": "The plan deletes more objects than the guard maxDeletes lets through.",
        "AUD2102": "The plan pauses more objects than the guard maxPauses lets through.",
        "AUD2103": "The plan replaces more objects than the guard maxReplaces lets through.",
        "AUD2104": "Nobody can say how many people a plan moves, so no guard on people can let it through.",
        "AUD2105": "An audience or list loses more people than the guard maxShrink lets through.",
        "AUD2106": "A target audience or list gains more people than the guard maxGrowth lets through.",
        "AUD2107": "An audience or list that had people would have none.",
        "AUD2108": "More people may newly be contactable through existing lists than the guard maxReach lets through.",
        "AUD2109": "More people may newly be contactable through new lists than the guard maxNewReach lets through.",
        "AUD2110": "The live system's quota has no room for what the plan adds.",
        "AUD2111": "A quota of the live system would be nearly full.",
        "AUD2112": "A folder would lie deeper than the live system takes.",
        "AUD2150": "Audience Manager's data export controls block an audience from a destination.",
        "AUD2151": "A data export control or label stops nothing, because the other side was never labelled.",
        "AUD2152": "Controls of a profile merge rule count as well, and no API tells them.",
        "AUD2153": "A data export control at an audience's own data source, where it does nothing.",
        "AUD2160": "A restriction of the project forbids what a binding does.",
        "AUD2161": "A restriction of the project wants an approval for what a binding does.",
        "AUD2162": "The approval that a restriction wants has expired.",
        "AUD2163": "The approval that a restriction wants expires soon.",
        "AUD2164": "An approval that no restriction needs.",
        "AUD2165": "A restriction by class of data meets data of no declared class.",
        "AUD2166": "A binding does what a restriction forbids, by way of an approved exception.",
        "AUD2201": "An approved plan was made at another commit than the one that is checked out.",
        "AUD2202": "An approved plan was made from manifests that were not committed.",
        "AUD2301": "An observed resource differs from its manifest.",
        "AUD2302": "An observed resource does not exist.",
        "AUD2303": "A pattern of an import fits nothing that is live.",
        "AUD2304": "A manifest that an import wrote does not say what is live.",
        "AUD2305": "A file of an import cannot be written.",
        "AUD2306": "A field changed live and in the manifest, so an import leaves it alone.",
        "AUD2307": "An existing manifest cannot be brought up to date by an import.",
        "AUD2401": "No estimate could be had for an audience, so that how many people it will have is unknown.",
        "AUD2402": "A plan changes more audiences than it may ask estimates for.",
        "AUD2403": "The file of estimates cannot be used.",
        "AUD2404": "How many people are in audiences or lists could not be read.",
        "AUD2501": "A pattern of --only or --exclude fits nothing.",
        "AUD2502": "A selected step cannot go without one that the selection leaves out.",
        "AUD2601": "The run ended by an error, or something went wrong beside its steps.",
        "AUD2602": "What was approved is not what would run now.",
        "AUD2603": "The lock is held by another run, or nobody can tell.",
        "AUD2604": "The run was interrupted.",
        "AUD2605": "A step failed.",
        "AUD2606": "A step was not tried, because of another one or because the run ended before.",
        "AUD2607": "A second read found something left to do, or could not prove that nothing is.",
        "AUD2608": "A live object is not what audctl last applied.",
        "AUD2609": "An object could not be read, so nobody knows whether it drifted.",
    }
)
"""One sentence for each code, sorted."""
