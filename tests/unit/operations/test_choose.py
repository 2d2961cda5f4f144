import pytest

from audctl.errors import UsageError
from audctl.model.address import Address
from audctl.operations.ledger.choose import matching, of, read_address

CART = Address("Audience", "cart", "aam.segment")
ODD = Address("Folder", "Web/[old] *", "aam.traitFolder")
WEB = (
    Address("DataSource", "web", "aam.dataSource"),
    Address("DataSource", "web", "campaign.dataSource"),
)
KNOWN = {CART, ODD, *WEB}


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["Audience/cart"], [CART]),
        (["DataSource/*"], list(WEB)),
        (["*#campaign.*"], [WEB[1]]),
        (["DataSource/web", "*/cart#aam.segment"], [CART, *WEB]),
        # A name is itself, whatever a glob would make of it.
        (["Folder/Web/[old] *"], [ODD]),
        (["*"], sorted(KNOWN)),
    ],
)
def test_globs_over_resources_and_objects(patterns: list[str], found: list[Address]) -> None:
    assert matching(patterns, KNOWN) == found


def test_one_pattern_that_means_nothing_stops_all() -> None:
    with pytest.raises(UsageError, match="knows nothing of Audience/kart; did you mean"):
        matching(["Audience/cart", "Audience/kart"], KNOWN)


def test_an_address_is_a_resource_or_one_object() -> None:
    assert of(read_address("DataSource/web"), KNOWN) == list(WEB)
    assert of(read_address("DataSource/web#campaign.dataSource"), KNOWN) == [WEB[1]]
    with pytest.raises(UsageError, match="not an address"):
        read_address("web")
