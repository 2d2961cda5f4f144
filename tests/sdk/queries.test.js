"use strict";
const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { sdk, connect, query, unique, failure } = require("./sandbox.js");

let client;
const prefix = unique("q");
const name = (suffix) => `${prefix}-${suffix}`;

before(async () => {
  client = await connect();
  const group = ["a", "b", "c", "d", "e"].map((suffix, index) => ({
    _operation: "insert", name: name(suffix), label: `List ${suffix}`, type: index % 2 ? 2 : 0,
    folder: { _operation: "none", name: "nmsRootGroup" },
  }));
  await client.NLWS.xtkSession.writeCollection({ xtkschema: "nms:group", group });
});

const mine = { condition: [{ expr: `@name LIKE '${prefix}-%'` }] };
const named = (suffix) => ({ condition: [{ expr: sdk.escapeXtk`@name=${name(suffix)}` }] });

test("get gives the row, and a fault when there is none", async () => {
  const row = await query(client, {
    schema: "nms:group", operation: "get", where: named("a"),
    select: { node: [{ expr: "@id" }, { expr: "@label" }, { expr: "[folder/@name]" }] },
  });
  assert.equal(row.label, "List a");
  assert.equal(row.folder.name, "nmsRootGroup");
  const error = await failure(query(client, {
    schema: "nms:group", operation: "get", where: named("zzz"), select: { node: [{ expr: "@id" }] },
  }));
  assert.deepEqual([error.statusCode, error.errorCode, error.faultCode], [500, "SOP-330011", "SOAP-ENV:Server"]);
});

test("getIfExists gives the row, or null", async () => {
  const definition = (suffix) => ({
    schema: "nms:group", operation: "getIfExists", where: named(suffix), select: { node: [{ expr: "@name" }] },
  });
  assert.equal((await query(client, definition("b"))).name, name("b"));
  assert.equal(await query(client, definition("zzz")), null);
});

test("select gives an array, also of one or no row", async () => {
  const definition = (where) => ({
    schema: "nms:group", operation: "select", where, select: { node: [{ expr: "@name" }] },
    orderBy: { node: [{ expr: "@name", sortDesc: true }] },
  });
  const all = await query(client, definition(mine));
  assert.deepEqual(all.group.map((row) => row.name), ["e", "d", "c", "b", "a"].map(name));
  const one = await query(client, definition(named("c")));
  assert.deepEqual([].concat(one.group).map((row) => row.name), [name("c")]);
  assert.deepEqual((await query(client, definition(named("zzz")))).group, []);
});

test("count gives a number", async () => {
  const counted = await query(client, { schema: "nms:group", operation: "count", where: mine });
  assert.equal(Number(counted.count), 5);
});

test("paging by lineCount and startLine, and by key", async () => {
  const page = (startLine) => query(client, {
    schema: "nms:group", operation: "select", lineCount: 2, startLine, where: mine,
    select: { node: [{ expr: "@name" }] }, orderBy: { node: [{ expr: "@name" }] },
  });
  const seen = [];
  for (const start of [0, 2, 4]) seen.push(...[].concat((await page(start)).group).map((row) => row.name));
  assert.deepEqual(seen, ["a", "b", "c", "d", "e"].map(name));
  let last = 0;
  const byKey = [];
  for (;;) {
    const rows = [].concat((await query(client, {
      schema: "nms:group", operation: "select", lineCount: 2,
      where: { condition: [...mine.condition, { expr: `@id > ${last}` }] },
      select: { node: [{ expr: "@id" }, { expr: "@name" }] }, orderBy: { node: [{ expr: "@id" }] },
    })).group);
    if (rows.length === 0) break;
    last = rows[rows.length - 1].id;
    byKey.push(...rows.map((row) => row.name));
  }
  assert.deepEqual(byKey, ["a", "b", "c", "d", "e"].map(name));
});

test("selectAll selects every field", async () => {
  const all = client.NLWS.xtkQueryDef.create({
    schema: "nms:group", operation: "getIfExists", where: named("a"),
  });
  await all.selectAll(false);
  const row = await all.executeQuery();
  assert.equal(row.name, name("a"));
  assert.equal(row.schema, "nms:recipient");
  assert.equal(row["amcDataSource-id"], "0");
  assert.ok("desc" in row);
});

test("analyze names and labels an enumerated value", async () => {
  const row = await query(client, {
    schema: "nms:group", operation: "get", where: named("b"),
    select: { node: [{ expr: "@type", analyze: true }, { expr: "folder" }] },
  });
  assert.deepEqual([row.type, row.typeName, row.typeLabel], ["2", "file", "File"]);
  assert.equal(row.folder._cs, "Lists");
});

test("a value escaped by the SDK is found again", async () => {
  const hostile = "it's \\ 50% \"quoted\" _ <&>";
  const which = unique("hostile");
  await client.NLWS.xtkSession.write({ xtkschema: "nms:group", _operation: "insert", name: which, label: hostile });
  const row = await query(client, {
    schema: "nms:group", operation: "get", select: { node: [{ expr: "@name" }, { expr: "@label" }] },
    where: { condition: [{ expr: sdk.escapeXtk`@label=${hostile}` }] },
  });
  assert.deepEqual([row.name, row.label], [which, hostile]);
});

test("grouping, having, aliases and nested collections", async () => {
  const grouped = await query(client, {
    schema: "nms:group", operation: "select", where: mine,
    select: { node: [{ expr: "@type" }, { expr: "Count(@id)", alias: "@n" }] },
    groupBy: { node: [{ expr: "@type" }] }, having: { condition: [{ expr: "Count(@id) > 2" }] },
  });
  assert.deepEqual([].concat(grouped.group).map((row) => [row.type, row.n]), [["0", "3"]]);
  const folder = await query(client, {
    schema: "xtk:folder", operation: "get", where: { condition: [{ expr: "@name='nmsRootGroup'" }] },
    select: { node: [{ expr: "group", node: [{ expr: "@name" }], where: mine }] },
  });
  assert.equal(folder.group.length, 5);
});

test("the same answer as a document", async () => {
  const document = client.NLWS.xml.xtkQueryDef.create(sdk.DomUtil.parse(
    `<queryDef schema="nms:group" operation="get"><select><node expr="@label"/></select>
     <where><condition expr="@name='${name("a")}'"/></where></queryDef>`,
  ));
  assert.equal((await document.executeQuery()).getAttribute("label"), "List a");
});
