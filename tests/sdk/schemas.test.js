"use strict";
const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { sdk, connect, query, unique } = require("./sandbox.js");

let client;
let served;
before(async () => {
  client = await connect();
  const listed = await query(client, {
    schema: "xtk:schema", operation: "select", lineCount: 1000,
    select: { node: [{ expr: "@namespace" }, { expr: "@name" }] },
  });
  served = listed.schema.map((row) => `${row.namespace}:${row.name}`);
});

test("getSchema() of every schema that is served, walked to its ends", async () => {
  assert.ok(served.includes("nms:recipient") && served.includes("xtk:workflow"));
  let fields = 0;
  let links = 0;
  for (const id of served) {
    const schema = await client.application.getSchema(id);
    assert.equal(schema.id, id);
    if (!schema.root) continue;
    for (const key of schema.root.keys) assert.ok(key.fields.length > 0, `${id} key ${key.name}`);
    for (const node of schema.root.children) {
      fields += 1;
      if (node.type === "link") {
        links += 1;
        const target = await node.linkTarget();
        assert.ok(target, `${id}/${node.name} leads nowhere`);
        for (const join of await node.joinNodes()) {
          assert.ok(join.source && join.destination, `${id}/${node.name} joins what is not there`);
        }
        if (node.unbound) assert.ok(await node.reverseLink(), `${id}/${node.name} has no way back`);
      }
      if (node.hasEnumeration) {
        const enumeration = await node.enumeration();
        assert.ok(enumeration.values.length > 0, `${id}/${node.name}`);
      }
    }
  }
  assert.ok(fields > 150 && links > 30, `${fields} fields, ${links} links`);
});

test("enumerations, keys, links and compute strings", async () => {
  const group = await client.application.getSchema("nms:group");
  assert.deepEqual(group.enumerations.groupType.values.map((value) => value.value), [0, 1, 2, 3]);
  assert.deepEqual(group.root.keys.map((key) => key.name), ["id", "name"]);
  assert.equal(await group.root.computeString(), "@label");
  const node = await group.root.findNode("rcpGrpRel/recipient/folder/@fullName");
  assert.equal(node.label, "Full name");
  assert.equal((await client.getSysEnum("nms:recipient:gender")).value.length, 3);
});

test("a schema that does not exist is null", async () => {
  assert.equal(await client.application.getSchema("cus:nothing"), null);
  assert.equal(await client.getSchema("cus:nothing"), null);
});

test("temp:group of a list with its own table is its extension, of any other null", async () => {
  const name = unique("own");
  await client.NLWS.xml.xtkSession.write(sdk.DomUtil.parse(
    `<group xtkschema="nms:group" _operation="insert" name="${name}" type="2">
       <extension namespace="temp" name="query" label="Prospects" mappingType="sql">
         <element name="query" label="Prospects" autopk="true">
           <key name="internal" internal="true"><keyfield xpath="@id"/></key>
           <attribute name="id" type="long"/><attribute name="phone" type="string" length="32"/>
         </element>
       </extension></group>`,
  ).documentElement);
  const { id } = await query(client, {
    schema: "nms:group", operation: "get", where: { condition: [{ expr: `@name='${name}'` }] },
    select: { node: [{ expr: "@id" }] },
  });
  const schema = await client.application.getSchema(`temp:group:${id}`);
  assert.equal(schema.label, "Prospects");
  assert.equal(await client.application.getSchema("temp:group:999999"), null);
  // As a document: the SDK's JSON form would name the element after the schema, colons and all.
  await client.NLWS.xml.xtkSession.write(sdk.DomUtil.parse(
    `<group_${id} xtkschema="temp:group:${id}" _operation="insert" phone="123"/>`,
  ).documentElement);
  const rows = await query(client, {
    schema: `temp:group:${id}`, operation: "select", select: { node: [{ expr: "@phone" }] },
  });
  assert.deepEqual([].concat(rows[`group_${id}`]).map((row) => row.phone), ["123"]);
});
