"use strict";
const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { connect, query, unique, failure } = require("./sandbox.js");

let client;
before(async () => { client = await connect(); });

const write = (document) => client.NLWS.xtkSession.write({ xtkschema: "nms:group", ...document });
const labels = async (name) => {
  const found = await query(client, {
    schema: "nms:group", operation: "select", where: { condition: [{ expr: `@name='${name}'` }] },
    select: { node: [{ expr: "@label" }] },
  });
  return [].concat(found.group).map((row) => row.label);
};

test("_operation insert inserts, and a second time violates the index", async () => {
  const name = unique("insert");
  assert.equal(await write({ _operation: "insert", name, label: "one" }), null);
  const error = await failure(write({ _operation: "insert", name, label: "two" }));
  assert.deepEqual([error.statusCode, error.errorCode], [500, "SOP-330011"]);
  assert.match(error.detail, /PGS-220000.*unique constraint "NmsGroup_name"/);
  assert.deepEqual(await labels(name), ["one"]);
});

test("_operation insertOrUpdate does either, by an explicit key", async () => {
  const name = unique("upsert");
  for (const label of ["one", "two"]) await write({ _operation: "insertOrUpdate", _key: "@name", name, label });
  assert.deepEqual(await labels(name), ["two"]);
});

test("_operation update changes a row, and passes over an absent one", async () => {
  const name = unique("update");
  await write({ _operation: "update", name, label: "nothing" });
  assert.deepEqual(await labels(name), []);
  await write({ _operation: "insert", name, label: "one" });
  await write({ _operation: "update", name, label: "two" });
  assert.deepEqual(await labels(name), ["two"]);
});

test("_operation delete deletes, and passes over an absent row", async () => {
  const name = unique("delete");
  await write({ _operation: "insert", name });
  for (const _ of [1, 2]) await write({ _operation: "delete", name });
  assert.deepEqual(await labels(name), []);
});

test("_operation none sets a link, and is a fault when nothing matches", async () => {
  const name = unique("none");
  await write({ _operation: "insert", name, folder: { _operation: "none", name: "nmsRootGroup" } });
  const row = await query(client, {
    schema: "nms:group", operation: "get", where: { condition: [{ expr: `@name='${name}'` }] },
    select: { node: [{ expr: "[folder/@fullName]" }] },
  });
  assert.equal(row.folder.fullName, "/Profiles and Targets/Lists/");
  const error = await failure(
    write({ _operation: "update", name, folder: { _operation: "none", name: unique("nowhere") } }),
  );
  assert.match(error.detail, /XSV-350023.*folder/);
});

test("writeCollection and deleteCollection", async () => {
  const prefix = unique("many");
  const group = [1, 2, 3].map((n) => ({ _operation: "insert", name: `${prefix}-${n}`, label: `L${n}` }));
  assert.equal(await client.NLWS.xtkSession.writeCollection({ xtkschema: "nms:group", group }), null);
  await client.NLWS.xtkSession.deleteCollection(
    "nms:group", { condition: { expr: `@name LIKE '${prefix}-%' AND @label <> 'L2'` } }, false,
  );
  const left = await query(client, {
    schema: "nms:group", operation: "select", where: { condition: [{ expr: `@name LIKE '${prefix}-%'` }] },
    select: { node: [{ expr: "@label" }] },
  });
  assert.deepEqual([].concat(left.group).map((row) => row.label), ["L2"]);
});

test("members are written inside their recipient", async () => {
  const name = unique("members");
  await write({ _operation: "insert", name });
  await client.NLWS.xtkSession.write({
    xtkschema: "nms:recipient", _operation: "insert", email: `${name}@example.test`,
    rcpGrpRel: [{ _operation: "insertOrUpdate", _key: "[rcpGroup/@name]", rcpGroup: { _operation: "none", name } }],
  });
  const members = await query(client, {
    schema: "nms:rcpGrpRel", operation: "select", where: { condition: [{ expr: `[rcpGroup/@name]='${name}'` }] },
    select: { node: [{ expr: "[@group-id]" }, { expr: "[@recipient-id]" }, { expr: "[recipient/@email]" }] },
  });
  assert.deepEqual([].concat(members.rcpGrpRel).map((row) => row.recipient.email), [`${name}@example.test`]);
});

test("newInstance() gives defaults and an id to write with", async () => {
  const recipient = client.NLWS.nmsRecipient.create({ email: `${unique("new")}@example.test` });
  await recipient.newInstance();
  const made = recipient.inspect();
  assert.ok(Number(made.id) >= 1000);
  await client.NLWS.xtkSession.write({ xtkschema: "nms:recipient", ...made });
  const row = await query(client, {
    schema: "nms:recipient", operation: "get", where: { condition: [{ expr: `@id=${made.id}` }] },
    select: { node: [{ expr: "@email" }] },
  });
  assert.equal(row.email, made.email);
});

test("save() of an entity made, completed and changed", async () => {
  const name = unique("saved");
  const group = client.NLWS.nmsGroup.create({ name, label: "one" });
  await group.newInstance();
  await group.save();
  assert.deepEqual(await labels(name), ["one"]);
  group.label = "two";
  group._operation = "update";
  await group.save();
  assert.deepEqual(await labels(name), ["two"]);
});

test("duplicate(), load() and store() of an entity", async () => {
  const name = unique("origin");
  await write({ _operation: "insert", name, label: "Origin" });
  const { id } = await query(client, {
    schema: "nms:group", operation: "get", where: { condition: [{ expr: `@name='${name}'` }] },
    select: { node: [{ expr: "@id" }] },
  });
  const copy = client.NLWS.nmsGroup.create({});
  await copy.duplicate(`nms:group|${id}`);
  const unsaved = copy.inspect();
  assert.equal(unsaved.label, "Origin");
  assert.notEqual(unsaved.name, name);
  const loaded = client.NLWS.nmsGroup.create({});
  await loaded.load(`nms:group|${id}`);
  assert.equal(loaded.inspect().name, name);
});

test("a write through xtk:session without the persist interface is refused as current builds do", async () => {
  const error = await failure(client.makeSoapCall("xtk:session", "Write", true, [
    { name: "doc", type: "string", value: "" },
  ], []));
  assert.equal(error.statusCode, 500);
  assert.match(`${error.faultString} ${error.detail}`, /SOP-330024/);
});
