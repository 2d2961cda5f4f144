"""History of trait rules: one row each time a rule was set. Member names of the answer are not documented."""

from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.kinds import TRAIT
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import Record, addressed
from audctl.sandbox.audience_manager.shapes import NUMBER, TEXT, list_of


def keep(call: Call, trait: Record) -> None:
    """Record the rule that a trait has from now on."""
    version = trait.document["traitRuleVersion"]
    document = {
        "sid": trait.id,
        "traitRuleVersion": version,
        "traitRule": trait.document["traitRule"],
        "upUID": call.user_id,
        "updateTime": call.now_ms,
    }
    call.conn.execute(
        "INSERT OR REPLACE INTO aam_trait_rule_version VALUES (?, ?, ?)",
        (trait.id, version, as_json(document)),
    )


def forget(call: Call, trait_id: int) -> None:
    """Drop the history of a deleted trait."""
    call.conn.execute("DELETE FROM aam_trait_rule_version WHERE trait_id = ?", (trait_id,))


def list_versions(call: Call) -> Answer:
    """GET /traits/<sid>/trait-rule/versions; a trait that the service made shows its rule as it is."""
    trait = addressed(call, TRAIT, "trait")
    rows = call.conn.execute(
        "SELECT document FROM aam_trait_rule_version WHERE trait_id = ? ORDER BY version",
        (trait.id,),
    ).fetchall()
    if not rows:
        names = ("sid", "traitRuleVersion", "traitRule", "upUID", "updateTime")
        return Answer(200, as_json([{name: trait.document[name] for name in names}]))
    return Answer(200, f"[{','.join([row[0] for row in rows])}]")


OPERATION = Operation(
    "GET",
    "/traits/{trait}/trait-rule/versions",
    list_versions,
    "List the rules a trait has had",
    answer=list_of(
        {
            "type": "object",
            "properties": {
                "sid": {"type": "integer"},
                "traitRuleVersion": {"type": "integer"},
                "traitRule": TEXT,
                "upUID": NUMBER,
                "updateTime": NUMBER,
            },
            "required": ["sid", "traitRuleVersion", "traitRule"],
        }
    ),
)
