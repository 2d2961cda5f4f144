"use strict";
const assert = require("node:assert/strict");
const { test, beforeEach } = require("node:test");
const { connect, query, unique, failure } = require("./sandbox.js");

let client;
let name;
beforeEach(async () => {
  client = await connect();
  name = unique("WKF");
  await client.NLWS.xtkSession.write({
    xtkschema: "xtk:workflow", _operation: "insert", internalName: name, label: "By the SDK", schema: "nms:recipient",
    activities: {
      start: [{ name: "start", transitions: { initial: { name: "initial", target: "wait" } } }],
      signal: [{ name: "wait", transitions: { done: { name: "done", target: "end" } } }],
      end: [{ name: "end" }],
    },
  });
});

const row = () => query(client, {
  schema: "xtk:workflow", operation: "get", where: { condition: [{ expr: `@internalName='${name}'` }] },
  select: { node: ["@id", "@state", "@failed", "@lastStart"].map((expr) => ({ expr })) },
});
const state = async () => (await row()).state;

test("start, pause, resume, stop by internal name", async () => {
  assert.equal(await state(), "0");
  assert.equal(await client.NLWS.xtkWorkflow.start(name), null);
  assert.equal(await state(), "11");
  await client.NLWS.xtkWorkflow.pause(name);
  assert.equal(await state(), "13");
  await client.NLWS.xtkWorkflow.start(name);
  assert.equal(await state(), "11");
  await client.NLWS.xtkWorkflow.stop(name);
  assert.equal(await state(), "20");
});

test("start by id", async () => {
  const { id } = await row();
  await client.NLWS.xtkWorkflow.start(id);
  assert.equal(await state(), "11");
});

test("startWithParameters with variables, and with none", async () => {
  assert.equal(await client.NLWS.xtkWorkflow.startWithParameters(name, {}), null);
  assert.equal(await state(), "11");
  await client.NLWS.xtkWorkflow.stop(name);
  await client.NLWS.xtkWorkflow.startWithParameters(name, { audience: "a", count: 3 });
  assert.equal(await state(), "11");
});

test("wakeup runs the pending tasks of a started workflow", async () => {
  await client.NLWS.xtkWorkflow.start(name);
  assert.equal(await client.NLWS.xtkWorkflow.wakeup(name), null);
  assert.equal((await row()).failed, "0");
});

test("postEvent triggers an external signal", async () => {
  await client.NLWS.xtkWorkflow.start(name);
  assert.equal(await client.NLWS.xtkWorkflow.postEvent(name, "wait", "", { audience: "a" }, false), null);
});

test("kill and restart", async () => {
  await client.NLWS.xtkWorkflow.start(name);
  await client.NLWS.xtkWorkflow.restart(name);
  assert.equal(await state(), "11");
  await client.NLWS.xtkWorkflow.kill(name);
  assert.equal(await state(), "20");
});

test("spawnWithParameters makes an instance", async () => {
  await client.NLWS.xtkWorkflow.spawnWithParameters(name, {});
  const made = await query(client, {
    schema: "xtk:workflow", operation: "count",
    where: { condition: [{ expr: `@label='By the SDK' AND @state=11 AND @internalName<>'${name}'` }] },
  });
  assert.ok(Number(made.count) >= 1);
});

test("a workflow that does not exist is a fault", async () => {
  const error = await failure(client.NLWS.xtkWorkflow.start(unique("nowhere")));
  assert.equal(error.statusCode, 500);
  assert.match(error.detail, /does not exist/);
});

test("the definition comes back under data", async () => {
  const read = await query(client, {
    schema: "xtk:workflow", operation: "get", where: { condition: [{ expr: `@internalName='${name}'` }] },
    select: { node: [{ expr: "data" }] },
  });
  assert.equal(read.data.activities.signal.name, "wait");
});
