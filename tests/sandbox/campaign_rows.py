"""Rows that the tests of queries share: three lists and two recipients."""

LISTS = r"""
<group-collection xtkschema="nms:group">
  <group _operation="insert" name="alpha"/>
  <group _operation="insert" name="beta" type="2" label="It's 50%_off\"
         expirationDate="2030-05-01T10:00:00.000Z">
    <folder _operation="none" name="nmsRootGroup"/>
  </group>
  <group _operation="insert" name="gamma" type="2" label="Plain" isAMC="true">
    <folder _operation="insert" name="newsletterLists" label="Newsletter">
      <parent _operation="none" name="nmsRootGroup"/>
    </folder>
    <amcDataSource _operation="none" name="defaultDataSource"/>
  </group>
</group-collection>
"""
MEMBERS = """
<recipient-collection xtkschema="nms:recipient">
  <recipient _operation="insert" email="a@one.example" account="A1">
    <location city="Paris" zipCode="75001"/>
    <rcpGrpRel _operation="insert"><rcpGroup _operation="none" name="beta"/></rcpGrpRel>
    <rcpGrpRel _operation="insert"><rcpGroup _operation="none" name="gamma"/></rcpGrpRel>
    <trackingLog _operation="insert" sourceId="111"/>
  </recipient>
  <recipient _operation="insert" email="b@two.example" account="B2">
    <rcpGrpRel _operation="insert"><rcpGroup _operation="none" name="gamma"/></rcpGrpRel>
  </recipient>
</recipient-collection>
"""
