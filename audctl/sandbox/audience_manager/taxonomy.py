"""Value lists that traits refer to: the taxonomy of categories, and custom trait types.

The categories are invented; the shape of both lists is documented.
"""

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import not_found
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Field, decode
from audctl.sandbox.audience_manager.kinds import TRAIT_TYPE
from audctl.sandbox.audience_manager.listing import Listing
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import answer_one, create, find, stamp_new
from audctl.sandbox.audience_manager.shapes import (
    STAMPS,
    Schema,
    list_of,
    shown,
    written,
)

ROOT_CATEGORY_ID = 0
_CATEGORIES = {
    1: (ROOT_CATEGORY_ID, "Demographics"),
    2: (ROOT_CATEGORY_ID, "Interests"),
    3: (ROOT_CATEGORY_ID, "Purchase behaviour"),
    11: (1, "Age"),
    12: (1, "Household"),
    21: (2, "Travel"),
    22: (2, "Outdoor"),
    23: (2, "Home and garden"),
    31: (3, "In market"),
    32: (3, "Recent buyers"),
    221: (22, "Hiking"),
    222: (22, "Cycling"),
}
"""Parent and name by category."""
TYPE_FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
)

TYPES = Listing(TRAIT_TYPE, ("name", "createTime", "updateTime"))


def category_exists(category_id: object) -> bool:
    """Tell whether a trait may have this category."""
    return category_id in _CATEGORIES


def trait_type_exists(call: Call, pixel_type: object) -> bool:
    """Tell whether a trait may have this custom type."""
    return isinstance(pixel_type, int) and find(call.conn, TRAIT_TYPE, pixel_type) is not None


def list_top(_call: Call) -> Answer:
    """GET /taxonomies/0: the whole taxonomy, flat."""
    return Answer(200, as_json([_row(category_id) for category_id in sorted(_CATEGORIES)]))


def read_category(call: Call) -> Answer:
    """GET /taxonomies/0/<id>."""
    return Answer(200, as_json(_row(_known(call))))


def list_children(call: Call) -> Answer:
    """GET /taxonomies/0/<id>/childCategories."""
    parent_id = call.id("category", "category")
    if parent_id != ROOT_CATEGORY_ID:
        parent_id = _known(call)
    rows = [_row(key) for key, (parent, _) in sorted(_CATEGORIES.items()) if parent == parent_id]
    return Answer(200, as_json(rows))


def create_trait_type(call: Call) -> Answer:
    """POST /customer-trait-types."""
    rights.require_creation(call, TRAIT_TYPE)
    fields = decode(TYPE_FIELDS, call.members(), None, call.choices)
    record = create(call, TRAIT_TYPE, stamp_new(fields, call))
    return answer_one(call, TRAIT_TYPE, record, 201)


def _known(call: Call) -> int:
    category_id = call.id("category", "category")
    if not category_exists(category_id):
        raise not_found("category", category_id)
    return category_id


def _row(category_id: int) -> dict[str, object]:
    parent_id, name = _CATEGORIES[category_id]
    return {
        "categoryID": category_id,
        "parentCategoryID": parent_id,
        "name": name,
        "description": "",
        "crUID": 0,
        "upUID": 0,
    }


_CATEGORY: Schema = {
    "type": "object",
    "properties": {
        "categoryID": {"type": "integer"},
        "parentCategoryID": {"type": "integer"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "crUID": {"type": "integer"},
        "upUID": {"type": "integer"},
    },
    "required": ["categoryID", "parentCategoryID", "name"],
}
_TRAIT_TYPE = shown(
    TYPE_FIELDS,
    ("pixelType", "pid", "name"),
    pixelType={"type": "integer"},
    pid={"type": "integer"},
    **STAMPS,
)
OPERATIONS = (
    Operation("GET", "/taxonomies/0", list_top, "List every category", answer=list_of(_CATEGORY)),
    Operation(
        "GET", "/taxonomies/0/{category}", read_category, "Read one category", answer=_CATEGORY
    ),
    Operation(
        "GET",
        "/taxonomies/0/{category}/childCategories",
        list_children,
        "List the categories right below one",
        answer=list_of(_CATEGORY),
    ),
    TYPES.operation("/customer-trait-types", _TRAIT_TYPE),
    Operation(
        "POST",
        "/customer-trait-types",
        create_trait_type,
        "Create a custom trait type",
        body=written(TYPE_FIELDS),
        answer=_TRAIT_TYPE,
        status=201,
    ),
)
