"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { sdk, url, imsToken, connect, control, query, failure } = require("./sandbox.js");

const count = { schema: "nms:group", operation: "count" };

test("an expired session is 401 SDK-000012", async () => {
  const client = await connect();
  await control("expire-tokens");
  const error = await failure(client.NLWS.xtkSession.getUserInfo());
  assert.deepEqual([error.statusCode, error.errorCode], [401, "SDK-000012"]);
});

test("an expired session is renewed through refreshClient, and the call retried once", async () => {
  let refreshed = 0;
  const refreshClient = async (client) => {
    refreshed += 1;
    await client.logon();
    return client;
  };
  const client = await connect({ refreshClient });
  await control("expire-tokens");
  assert.ok("count" in await query(client, count));
  assert.equal(refreshed, 1);
});

test("an expired bearer token is renewed through refreshClient", async () => {
  const bearer = async (options) => {
    const client = await sdk.init(sdk.ConnectionParameters.ofImsBearerToken(url, await imsToken(), options));
    await client.logon();
    return client;
  };
  const client = await bearer({ refreshClient: () => bearer({}) });
  await control("expire-tokens");
  assert.ok("count" in await query(client, count));
});

test("a session that ages out is renewed too", async () => {
  const refreshClient = async (client) => { await client.logon(); return client; };
  const client = await connect({ refreshClient });
  await control("clock", { advance: "25h" });
  assert.equal((await client.NLWS.xtkSession.getUserInfo()).login, "admin");
});

test("an unknown method is SOP-330006, Client", async () => {
  const client = await connect();
  const error = await failure(client.makeSoapCall("xtk:session", "Frobnicate", true, [], []));
  assert.deepEqual([error.statusCode, error.errorCode, error.faultCode], [500, "SOP-330006", "SOAP-ENV:Client"]);
  const unknown = await failure(client.NLWS.xtkSession.frobnicate());
  assert.equal(unknown.errorCode, "SDK-000009");
});

test("an unknown service is SOP-330005", async () => {
  const client = await connect();
  const error = await failure(client.makeSoapCall("cus:nothing", "Frobnicate", true, [], []));
  assert.equal(error.errorCode, "SOP-330005");
});

test("the cache refresher is told that it is not supported", async () => {
  const client = await connect();
  const error = await failure(client.makeSoapCall("xtk:session", "GetModifiedEntities", true, [
    { name: "cache", type: "string", value: "" },
  ], []));
  assert.equal(error.errorCode, "SOP-330006");
});

test("an unknown attribute is a fault with its code in the detail", async () => {
  const client = await connect();
  const error = await failure(query(client, {
    schema: "nms:group", operation: "select", select: { node: [{ expr: "@nothing" }] },
  }));
  assert.deepEqual([error.statusCode, error.errorCode, error.faultCode], [500, "SOP-330011", "SOAP-ENV:Server"]);
  assert.match(error.detail, /XTK-170036.*@nothing/s);
});

test("an unknown schema is XFR-180000", async () => {
  const client = await connect();
  const error = await failure(query(client, { ...count, schema: "cus:nothing" }));
  assert.match(error.detail, /XFR-180000/);
});

test("SQL is not handed out: buildQuery is a fault", async () => {
  const client = await connect();
  const built = client.NLWS.xtkQueryDef.create({ schema: "nms:group", select: { node: [{ expr: "@id" }] } });
  for (const call of [() => built.buildQuery(), () => built.buildQueryEx()]) {
    const error = await failure(call());
    assert.equal(error.errorCode, "SOP-330011");
    assert.doesNotMatch(error.detail, /SELECT/i);
  }
});

test("a fault with status 500 loses its codes in the SDK", async () => {
  const client = await connect();
  await control("faults", {
    route: "SOAP xtk:session#TestCnx", kind: "status", status: 500, times: 1,
    headers: { "Content-Type": "text/xml" }, body: "<SOAP-ENV:Fault/>",
  });
  const error = await failure(client.NLWS.xtkSession.testCnx());
  assert.deepEqual([error.statusCode, error.errorCode], [500, ""]);
  assert.equal(error.faultString, "Internal Server Error");
});
